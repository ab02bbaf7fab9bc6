"""A run written for other programs, from the window: a process of its own does it, and says what they agree on."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QObject, QProcess

from lab.engine.experiment import Experiment
from lab.sources import child_command
from lab.widgets.banner import Banner

COMMAND = "from lab.analysis.passport.told import serve; sys.exit(serve())"


class Passports(QObject):
    """One at a time; the window goes on meanwhile."""

    def __init__(self, banner: Banner, parent: QObject):
        super().__init__(parent)
        self._banner = banner
        self._process: QProcess | None = None
        self._place = Path()

    @property
    def going(self) -> bool:
        """Whether one is being written."""
        return self._process is not None

    def write(self, experiment: Experiment, place: Path) -> None:
        """Begin to write the experiment into a new folder and to run the programs that are installed."""
        if self.going:
            self._banner.say("accent", "A run is being written for other programs already: wait until that is done.", key="passport")
            return
        self._place = place
        self._process = QProcess(self)
        self._process.finished.connect(self._done)
        program, *arguments = child_command(COMMAND)
        self._process.start(program, arguments)
        self._process.write(json.dumps({"experiment": experiment.to_dict(), "folder": str(place)}).encode())
        self._process.closeWriteChannel()
        self._banner.say("accent", "The run is written for other programs, and those that are installed run it.", key="passport")

    def stop(self) -> None:
        """Give up what is going on."""
        if self._process is not None:
            self._process.finished.disconnect(self._done)
            self._process.kill()
            self._process.waitForFinished(2000)
            self._process = None

    def _done(self, *_: object) -> None:
        process, self._process = self._process, None
        assert process is not None
        text = bytes(process.readAllStandardOutput().data()).decode("utf-8", "replace").strip()
        process.deleteLater()
        try:
            answer = json.loads(text.splitlines()[-1]) if text else {}
        except ValueError:
            answer = {}
        if "said" in answer:
            self._banner.say("good" if answer["agrees"] else "accent", f"{answer['said']} All of it is in {self._place}.", key="passport")
        else:
            self._banner.say(
                "bad", str(answer.get("error", "The passport could not be written: the process that writes it ended.")), key="passport"
            )
