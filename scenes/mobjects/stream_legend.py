"""The cross-section's three ramps, and which tokens have a column."""

from __future__ import annotations

from scenes.declared import scale_mark
from scenes.language import _
from scenes.layout import Layout
from scenes.mobjects import palette
from scenes.mobjects.block import SEAM_SCALE, STREAM_SCALE
from scenes.mobjects.numerals import count
from scenes.mobjects.scale_legend import ScaleLegend

SMALL = 0.2  # em, for a frame of 8 units


def stream_legend(shown: int, total: int, layout: Layout) -> ScaleLegend:
    """In the corner below the block's far end; `shown` of `total` tokens have a column."""
    of_how_many = _("⋯ {shown} of {total} tokens: the last, and those it attends to most")
    legend = ScaleLegend(
        [
            (palette.STREAM_RAMP, f"{scale_mark(STREAM_SCALE)} σ", _("residual stream")),
            (palette.ATTENTION_SEAM_RAMP, f"{scale_mark(SEAM_SCALE)} σ", _("attention")),
            (palette.MLP_SEAM_RAMP, f"{scale_mark(SEAM_SCALE)} σ", _("MLP")),
        ],
        _("σ: the vector's own spread, median |x| / 0.6745"),
        of_how_many.format(shown=shown, total=count(total)) if shown < total else "",
        SMALL * min(layout.frame.width, layout.frame.height) / 8,
    )
    stage = layout.stage
    legend.move_to([stage.left + legend.width / 2, stage.bottom + legend.height / 2, 0])
    return legend
