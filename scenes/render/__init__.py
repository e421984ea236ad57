"""Scenes → clips → lecture: one process a scene, one file a clip."""
