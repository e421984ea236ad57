"""What is made of finished clips: captions, chapters, transcript, lecture, course page, slides."""
