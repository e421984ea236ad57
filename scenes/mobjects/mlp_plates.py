"""The block of all layers with the MLPs in the light: it opens into plates, and one of them comes near."""

from __future__ import annotations

from typing import Self

from model_probe.trace import Trace
from scenes.layout import Box, Layout
from scenes.mobjects.block import Block
from scenes.mobjects.eye import Eye
from scenes.mobjects.residual_stack import Seam, read_stack

DARK = 0.3  # light of what is not an MLP
YAW, PITCH = 32.0, 12.0  # degrees
EDGE = 0.02  # frame units of the frame's edges that stay free
NEAR = 1.9  # how much larger a plate is seen


class MlpPlates(Block):
    """A trace's block, closed, seen as it will be when it is open.

    Args:
        trace: whose stream it is.
        layer: the layer whose MLP the eye goes to.
        layout: of the frame; in a narrow one the block stands upright.
        box: what it takes, open.

    Attributes:
        whole, plate: the eyes on all of it, and on that MLP's plate.
    """

    def __init__(self, trace: Trace, layer: int, layout: Layout, box: Box) -> None:
        stack = read_stack(trace)
        mlps = [isinstance(piece, Seam) and piece.mlp for piece in stack.pieces]
        super().__init__(stack, lights=[1.0 if mlp else DARK for mlp in mlps])
        stage = layout.stage
        self.within = Box(layout.frame.left + EDGE, layout.frame.right - EDGE, stage.bottom, stage.top)
        self.opened = 1.0
        self.fit(box, Eye(yaw=YAW, pitch=PITCH, roll=0.0 if layout.wide else 90.0))
        self.whole = self.eye
        places = [
            place
            for place, piece in enumerate(stack.pieces)
            if isinstance(piece, Seam) and piece.mlp and piece.layer >= layer and place in self.parted
        ]
        at = self.point(places[0] if places else self.parted[-1])
        self.plate = self.whole.dived(at, NEAR, (box.center[0], box.center[1]))
        self.part(0.0)

    def part(self, amount: float) -> Self:
        """Open it so far, 0…1."""
        self.opened = amount
        return self.see(self.whole)
