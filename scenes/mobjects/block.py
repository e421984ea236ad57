"""The residual stream cut lengthwise: one token at every depth, as a block of light.

Its front is the last token's vector at every depth, with what attention and MLP add in the seams between; its
end, every token's vector where the block ends; its top, how much each step adds to each token.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.light import lit, opaque, reflected, shaded
from scenes.mobjects.perspective import Face, PerspectiveRaster, Texture
from scenes.mobjects.plate import Plate
from scenes.mobjects.raster import Pixels
from scenes.mobjects.residual_stack import Band, ResidualStack, Seam, read_stack

STREAM_SCALE = 2.6  # spreads that the stream's brightest colour stands for
SEAM_SCALE = 1.2  # spreads of the vector after it that a seam's brightest colour stands for
TOP_SCALE = 1.35  # of the stream's median: the brightest colour on the top

LENGTH, HEIGHT = 12.0, 3.4  # world units
PITCH, DEEPEST = 0.34, 3.0  # of one column of tokens; of all of them at most
SEAM = 0.34  # width of a seam by that of a band
MOST_PLATES = 16  # glass plates of an open block; in a deeper model several layers stay together
GAP = 0.5  # on either side of a plate, by the width of a band
FOG = 0.45  # share of the light that is gone at the far end
MIRROR = 0.55  # of the height: how far down the reflection is seen

ROW, COLUMN = 14, 44  # pixels of the textures: an element's height, a token's width
FINE = 2400  # pixels of the front's width

Colours = npt.NDArray[np.float32]


def stream_colours(values: npt.ArrayLike) -> Colours:
    """Of scaled |values| of the stream, (..., 3)."""
    return palette.STREAM_RAMP[palette.levels(values, STREAM_SCALE)].astype(np.float32)


def seam_colours(values: npt.ArrayLike, mlp: bool, scale: float = SEAM_SCALE) -> Colours:
    """Of scaled |values| of what attention or an MLP adds, (..., 3)."""
    ramp = palette.MLP_SEAM_RAMP if mlp else palette.ATTENTION_SEAM_RAMP
    return ramp[palette.levels(values, scale)].astype(np.float32)


def piece_colours(piece: Band | Seam, values: npt.ArrayLike) -> Colours:
    """A band's or a seam's own colours."""
    return seam_colours(values, piece.mlp) if isinstance(piece, Seam) else stream_colours(values)


class Block(PerspectiveRaster):
    """The block of one run.

    Args:
        stack: what it is made of; `Block.of_trace` reads it.
        tall: its height in world units; it is LENGTH long, and as deep as it has tokens.
        lights: of each piece, 0…1: what is told of stands out, the rest is darker.

    Attributes:
        together: after how many layers it opens each time.
        parted: the seams at which it opens.
        grown: how many pieces are there, from the left, fractions included.
        long: world units from its left end to its right end, were it whole.
        opened: 0 closed … 1 opened into glass plates.
        lit: light of each column of tokens on the end face, 0…1; the last one is the last token.
    """

    def __init__(
        self,
        stack: ResidualStack,
        tall: float = HEIGHT,
        eye: Eye | None = None,
        lights: Sequence[float] | None = None,
    ) -> None:
        self.stack = stack
        self.long, self.tall = LENGTH, tall
        self.deep = min(DEEPEST, PITCH * len(stack.columns))
        self.grown = float(len(stack.pieces))
        self.opened = 0.0
        self.lit = np.ones(len(stack.columns))
        widths = [1.0 if isinstance(piece, Band) else SEAM for piece in stack.pieces]
        self.edges = np.concatenate([[0.0], np.cumsum(widths)]) / np.sum(widths)  # 0…1 along the closed block
        self.together = -(-len(stack.seams) // MOST_PLATES)
        self.parted = _parted(stack, self.together)
        self._lights = np.ones(len(stack.pieces)) if lights is None else np.asarray(lights)
        self._front, self._top = Texture(self._front_pixels()), Texture(self._top_pixels())
        self._side_light = self._side_light_pixels(0.95, 0.5)
        self._ends: dict[tuple[int, bytes], Texture] = {}
        self._plates = {place: self._plate(place) for place in self.parted}
        super().__init__(eye or Eye(), glow=2.0 if palette.NAME == "dark" else 0.0)
        self.see(self.eye)

    @classmethod
    def of_trace(cls, trace: Trace, tokens: list[int] | None = None, **options: Any) -> Block:
        """The whole, closed block of a trace; of these tokens, or of some evenly spaced."""
        return cls(read_stack(trace, tokens), **options)

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees; the far end of a block that still grows is near, and in full light."""
        reach = float(np.interp(self.grown, np.arange(len(self.edges)), self.edges))
        self.gain = 1 / (1 - FOG + FOG * reach) if palette.NAME == "dark" else 1.0
        return super().see(eye)

    def fit(self, box: Box, eye: Eye | None = None) -> Self:
        """See it as large as `box` allows, wholly inside it."""
        return self.see((eye or self.eye).fitted(self.corners(), box))

    # Where its parts are in the world.

    def spans(self) -> list[tuple[float, float]]:
        """X of each piece, from and to, as the block is opened now."""
        n = len(self.stack.pieces)
        widths = np.diff(self.edges)
        band = widths.max()
        gaps = np.zeros(n)
        for place in self.parted:
            gaps[place] = 2 * GAP * band * self.opened
            widths[place] *= 1 - self.opened
        scale = self.long / float((widths + gaps).sum())
        starts = np.concatenate([[0.0], np.cumsum(widths + gaps)])[:-1] * scale - self.long / 2
        return [
            (float(start), float(start + (width + gap) * scale))
            for start, width, gap in zip(starts, widths, gaps, strict=True)
        ]

    def end(self) -> float:
        """X of the end face: of the whole block, or of as much as has grown."""
        spans = self.spans()
        whole = min(int(self.grown), len(spans))
        if whole == len(spans):
            return spans[-1][1]
        start, end = spans[whole]
        return start + (end - start) * (self.grown - whole)

    def point(self, piece: int, height: float = 0.5) -> Points:
        """On the front edge: the middle of a piece, `height` (0 foot … 1 top) up the block."""
        start, end = self.spans()[piece]
        return np.array([(start + end) / 2, (height - 0.5) * self.tall, -self.deep / 2])

    def steps(self) -> Points:
        """On the front edge: halfway from each band to the next, (bands - 1, 3)."""
        bands = [
            self.point(place) for place, piece in enumerate(self.stack.pieces) if isinstance(piece, Band)
        ]
        return np.array([(one + other) / 2 for one, other in pairwise(bands)])

    def column(self, column: int, height: float = 1.0) -> Points:
        """On the end face: the middle of a token's column, `height` up the block."""
        back = (len(self.stack.columns) - column - 0.5) / len(self.stack.columns)
        return np.array([self.end(), (height - 0.5) * self.tall, -self.deep / 2 + back * self.deep])

    def corners(self) -> Points:
        """The eight corners of the whole block, plates included, (8, 3)."""
        swell = 1 + 0.1 * self.opened
        x, y, z = self.long / 2, swell * self.tall / 2, swell * self.deep / 2
        return np.array([[a, b, c] for a in (-x, x) for b in (-y, y) for c in (-z, z)])

    def grown_corners(self) -> Points:
        """The eight corners of as much as has grown, (8, 3)."""
        corners = self.corners()
        corners[4:, 0] = self.end()
        return corners

    def front_corners(self, piece: int) -> Points:
        """A piece's front: top left, top right, bottom right, bottom left, (4, 3)."""
        (x0, x1), y, z = self.spans()[piece], self.tall / 2, -self.deep / 2
        return np.array([[x0, y, z], [x1, y, z], [x1, -y, z], [x0, -y, z]])

    def end_corners(self, column: int | None = None) -> Points:
        """The end face, or one column of it: top left, top right, bottom right, bottom left, (4, 3)."""
        columns = len(self.stack.columns)
        near, far = (
            (0, columns) if column is None else (columns - 1 - column % columns, columns - column % columns)
        )
        x, y, z = self.end(), self.tall / 2, -self.deep / 2
        near_z, far_z = z + near * self.deep / columns, z + far * self.deep / columns
        return np.array([[x, y, near_z], [x, y, far_z], [x, -y, far_z], [x, -y, near_z]])

    # What is drawn.

    def faces(self) -> list[Face]:
        """The faces that an eye right of, above and before the block sees, the farthest first."""
        faces: list[Face] = []
        pieces, spans, end = len(self.stack.pieces), self.spans(), self.end()
        grown = min(int(np.ceil(self.grown)), pieces)
        y, z = self.tall / 2, self.deep / 2
        first = 0
        for place in [*self.parted, pieces] if self.opened else [pieces]:
            last = min(place, grown)
            if last > first:
                faces += self._slice(first, last, spans[first][0], min(spans[last - 1][1], end))
            if place < grown:
                x0, x1 = spans[place]
                if last > first:
                    far = min(z, self._beyond(x0, x1))
                    side = [[x0, y, -z], [x0, y, far], [x0, -y, far], [x0, -y, -z]]
                    texture = self._end_texture(last - 1)
                    faces.append(
                        Face(texture, side, (0.0, (far + z) / (2 * z)), rows=(0.0, 1 / (1 + MIRROR)))
                    )
                if self.opened < 1:  # what is left of the seam, in the middle of its gap
                    rest = (x1 - x0) / 2 * self._seam_share(place)
                    faces += self._slice(place, place + 1, (x0 + x1) / 2 - rest, (x0 + x1) / 2 + rest)
                swell = 1 + 0.1 * self.opened
                faces += self._plates[place].faces(
                    (x0 + x1) / 2,
                    (swell * self.tall, (1 + 0.08 * self.opened) * self.deep),
                    0.12 * (x1 - x0),
                    self.eye.yaw,
                    min(1.0, 2.5 * self.opened),
                    (self._beyond((x0 + x1) / 2, x1), y),
                )
            first = place + 1
        if grown:
            low = -y - MIRROR * self.tall
            faces.append(
                Face(self._end_texture(grown - 1), [[end, y, -z], [end, y, z], [end, low, z], [end, low, -z]])
            )
        return faces

    def _seam_share(self, place: int) -> float:
        """How much of a parted seam's gap the seam itself still takes."""
        own = (self.edges[place + 1] - self.edges[place]) * (1 - self.opened)
        band = float(np.diff(self.edges).max())
        return float(own / (own + 2 * GAP * band * self.opened))

    def _beyond(self, x: float, edge: float) -> float:
        """How far back one sees at `x` past the front edge of what begins at `edge`, to the right of it."""
        eye_x, _, eye_z = self.eye.position()
        if eye_x <= edge:
            return self.deep
        return float(eye_z + (x - eye_x) / (edge - eye_x) * (-self.deep / 2 - eye_z))

    def _slice(self, first: int, last: int, x0: float, x1: float) -> list[Face]:
        """Pieces that stay together: their front with its reflection, and their top."""
        y, z = self.tall / 2, self.deep / 2
        low = -y - MIRROR * self.tall
        shown = min(last, self.grown)
        whole = int(shown)
        u1 = self.edges[whole]
        if shown > whole:
            u1 += (self.edges[whole + 1] - u1) * (shown - whole)
        window = (float(self.edges[first]), float(u1))
        return [
            Face(self._top, [[x0, y, z], [x1, y, z], [x1, y, -z], [x0, y, -z]], window),
            Face(self._front, [[x0, y, -z], [x1, y, -z], [x1, low, -z], [x0, low, -z]], window),
        ]

    # The textures, made once.

    def _front_pixels(self) -> npt.NDArray[np.uint8]:
        """The last token: bands, and seams through which the threads of light run on, dimmed."""
        pieces = self.stack.pieces
        edges = np.round(self.edges * FINE).astype(int)
        rows = len(self.stack.elements)
        picture = np.zeros((rows, FINE, 3), dtype=np.float32)
        bands = {
            place: stream_colours(piece.values_RC[:, -1])
            for place, piece in enumerate(pieces)
            if isinstance(piece, Band)
        }
        for place, piece in enumerate(pieces):
            start, end = edges[place], edges[place + 1]
            if isinstance(piece, Band):
                picture[:, start:end] = bands[place][:, None]
                continue
            before = bands[max(other for other in bands if other < place)]
            after = bands[min(other for other in bands if other > place)]
            run = ((np.arange(end - start) + 0.5) / (end - start))[None, :, None]
            thread = before[:, None] * (1 - run) + after[:, None] * run
            values = piece.values_RC[:, -1]
            cover = np.clip(0.35 + values / SEAM_SCALE, 0, 1)[:, None, None].astype(np.float32)
            own = seam_colours(values, piece.mlp)[:, None]
            picture[:, start:end] = shaded(thread, 0.5) * (1 - cover) + own * cover
        tall = picture.repeat(ROW, axis=0)
        light = rods(rows)[:, None] * self._light_along()
        return reflected(opaque(shaded(tall, light[..., None])), MIRROR)

    def _top_pixels(self) -> npt.NDArray[np.uint8]:
        """Every token and step: how much was added, by the stream after it."""
        edges = np.round(self.edges * FINE).astype(int)
        columns = len(self.stack.columns)
        picture = np.empty((columns, FINE, 3), dtype=np.float32)
        for place, piece in enumerate(self.stack.pieces):
            span = slice(edges[place], edges[place + 1])
            if isinstance(piece, Band):
                picture[:, span] = palette.STREAM_RAMP[40]
            else:
                picture[:, span] = seam_colours(piece.share_C, piece.mlp, TOP_SCALE)[:, None]
        tall = picture.repeat(ROW, axis=0)
        light = np.ones(ROW, dtype=np.float32)
        light[:2] = 0.45
        return opaque(shaded(tall, (np.tile(light, columns)[:, None] * self._light_along())[..., None]))

    def _light_along(self) -> npt.NDArray[np.float32]:
        """Light along the block, (FINE,): some of it is gone at the far end."""
        widths = np.diff(np.round(self.edges * FINE).astype(int))
        lights = np.repeat(self._lights, widths)
        return np.asarray(np.linspace(1 - FOG, 1, FINE) * lights, dtype=np.float32)

    def _side(self, piece: Band | Seam, lit_C: npt.NDArray[np.float64]) -> Pixels:
        """All tokens' columns side by side, the last token's at the left, which is nearest."""
        colours = piece_colours(piece, piece.values_RC[:, ::-1])  # (rows, columns, 3)
        cells = opaque(shaded(colours, lit_C[::-1][None, :, None]))
        return lit(cells.repeat(ROW, axis=0).repeat(COLUMN, axis=1), self._side_light)

    def _side_light_pixels(self, near: float, far: float) -> Pixels:
        """Rods, gaps between tokens, and less light farther back."""
        rows, columns = len(self.stack.elements), len(self.stack.tokens)
        gaps = np.linspace(near, far, columns * COLUMN, dtype=np.float32)
        for edge in range(3):
            gaps[COLUMN - 1 - edge :: COLUMN] *= 0.12
        light = 255 * rods(rows)[:, None] * gaps
        return np.ascontiguousarray(np.broadcast_to(light[..., None], (*light.shape, 4)).astype(np.uint8))

    def _end_texture(self, place: int) -> Texture:
        lit_C = np.round(self.lit * 16) / 16
        key = (place, lit_C.tobytes())
        if key not in self._ends:
            if len(self._ends) > MOST_PLATES + 8:
                self._ends.clear()
            side = self._side(self.stack.pieces[place], lit_C)
            self._ends[key] = Texture(reflected(side, MIRROR))
        return self._ends[key]

    def _plate(self, place: int) -> Plate:
        piece = self.stack.pieces[place]
        assert isinstance(piece, Seam)
        hue = palette.GELU if piece.mlp else palette.ATTENTION_HUE
        return Plate(self._side(piece, np.ones(len(self.stack.columns))), hue)


def rods(rows: int, fine: int = ROW) -> npt.NDArray[np.float32]:
    """Light across rows of elements, `fine` pixels each: rods lit from above, a dark line between two."""
    across = (np.arange(fine, dtype=np.float32) + 0.5) / fine
    rod = 1 - 0.42 * np.clip((across - 0.45) / 0.55, 0, 1) ** 2 - 0.25 * np.clip(0.2 - across, 0, 1) / 0.2
    rod[-max(1, fine // 7) :] = 0.22
    return np.tile(rod.astype(np.float32), rows)


def _parted(stack: ResidualStack, together: int) -> list[int]:
    """The seams at which the block opens: those of every layer, or of the last of `together` layers."""
    return [
        place
        for place, piece in enumerate(stack.pieces)
        if isinstance(piece, Seam) and (piece.layer + 1) % together == 0
    ]
