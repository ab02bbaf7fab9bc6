"""Arrangements of cards: kept in the session, and for the person, once somebody changed one."""

from __future__ import annotations

from typing import Any

from lab.session import Session
from lab.widgets.document import Document
from lab.widgets.settings import Settings
from lab.widgets.workspace import Workspace


class Layouts:
    """Keeps the arrangement of the workspace by model. `shown` names the model whose cards are in it."""

    def __init__(self, settings: Settings, workspace: Workspace):
        self._settings, self._workspace = settings, workspace
        self.shown = ""

    def kept(self, session: Session) -> dict[str, Any]:
        """The arrangements that a session keeps, by model."""
        found = session.document().get("layouts", {})
        return found if isinstance(found, dict) else {}

    def of(self, session: Session, model: str) -> object:
        """That of a model: of this session, or the person's last one; what a file says is checked where it is used."""
        return self.kept(session).get(model) or self._settings.get("layouts", {}).get(model)

    def keep(self, session: Session, document: Document) -> None:
        """Remember the arrangement in front in the session and for the person."""
        if self._workspace.model is None or session.closed:
            return
        state = self._workspace.state()
        layouts, own = self.kept(session), dict(self._settings.get("layouts", {}))
        for kept in (layouts, own):
            if state:
                kept[self.shown] = state
            else:
                kept.pop(self.shown, None)
        session.set_document({**session.document(), **document.to_dict(), "layouts": layouts})
        self._settings.put("layouts", own)
