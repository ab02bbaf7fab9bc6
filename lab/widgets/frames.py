"""What the pictures show of the run in front, frame by frame: where drawing takes longer than a beat, pictures take turns at one moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.display.plots import Source
from lab.engine.status import Status
from lab.widgets.lecture.mode import Lecture
from lab.widgets.player import Player
from lab.widgets.pulse import Pulse
from lab.widgets.workspace import Workspace


class Frames:
    """Draws into the workspace, or into the picture of a lecture. `behind` names the runs that lie behind the present one."""

    def __init__(
        self, player: Player, pulse: Pulse, workspace: Workspace, lecture: Lecture, behind: Callable[[], Sequence[tuple[int, str]]]
    ):
        self._player, self._pulse, self._workspace, self._lecture, self._behind = player, pulse, workspace, lecture, behind
        self._all_drawn = True  # every picture shows the moment that was taken last
        self._drawn = 0  # pictures that drew it
        self._shown: Status | None = None  # what was told of it

    def draw(self, visible: bool) -> tuple[Source | None, Status | None]:
        """Draw one frame: what the workspace was drawn from (None: nothing was), and the status of the moment that is shown."""
        source, shown = self._player.frame(self._all_drawn)
        status = self._player.status
        if self._all_drawn or shown is not self._shown:
            self._drawn = 0
        self._shown, self._all_drawn = shown, True
        if not visible or source is None or status is None or status.phase == "preparing":
            return None, shown
        if self._lecture.on:
            self._pulse.drew(int(self._lecture.refresh(source)))
            return None, shown
        behind = status.pace is not None and 0 < status.achieved < 0.7 * status.pace  # it cannot keep its pace: as good as flat out
        self._pulse.flat_out = status.phase == "running" and (status.pace is None or behind)
        most = self._pulse.most
        drew = self._workspace.refresh(source, self._player.overlays(self._behind()), most)
        self._pulse.drew(drew)
        # While pictures take turns the moment stays: all of them show the same, and so does the line below. A change by hand ends it.
        # Curves so fast that they are read as they are always have something new: each picture has its turn once in a moment.
        self._drawn += drew
        self._all_drawn = drew < most or self._drawn >= len(self._workspace.visible_cards())
        return source, shown
