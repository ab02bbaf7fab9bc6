"""Which moment the pictures of a window show, frame by frame; without a window."""

from __future__ import annotations

from types import SimpleNamespace

from lab.widgets.frames import Frames


def made(draws, *, cards=4, most=2, phase="running", lecture=False):
    """Frames over pictures that draw what `draws()` says; `taken` lists for each frame whether the moment was taken anew."""
    taken: list[bool] = []
    status = SimpleNamespace(phase=phase, pace=None, achieved=0.0)
    player = SimpleNamespace(
        status=status, frame=lambda anew: (taken.append(anew), ("source", status))[1], overlays=lambda runs: list(runs)
    )  # fmt: skip
    pulse = SimpleNamespace(most=most, drew=lambda pictures: None, flat_out=False)
    workspace = SimpleNamespace(refresh=lambda source, overlays, most: draws(), visible_cards=lambda: [None] * cards)
    page = SimpleNamespace(on=lecture, refresh=lambda source: True)
    return Frames(player, pulse, workspace, page, list), taken


def test_pictures_take_turns_at_one_moment():
    turns = iter([2, 2, 0, 2, 1, 0])
    frames, taken = made(lambda: next(turns))
    for _ in range(6):
        assert frames.draw(visible=True)[0] == "source"
    assert taken == [True, False, True, True, False, True]


def test_curves_that_are_new_at_each_frame_do_not_hold_the_moment():
    frames, taken = made(lambda: 2, cards=5)
    for _ in range(7):
        frames.draw(visible=True)
    assert taken == [True, False, False, True, False, False, True]


def test_what_is_not_seen_is_not_drawn():
    def draw() -> int:
        raise AssertionError("drawn")

    for frames, taken in (made(draw, phase="preparing"), made(draw, lecture=True)):
        assert frames.draw(visible=True)[0] is None and frames.draw(visible=False)[0] is None and taken == [True, True]


def test_a_moment_that_ends_before_every_picture_had_its_turn_is_followed_by_a_whole_one():
    frames, taken = made(lambda: 2, cards=5)
    frames.draw(visible=True)
    status = SimpleNamespace(phase="running", pace=None, achieved=0.0)  # somebody changed a parameter
    frames._player.frame = lambda anew: (taken.append(anew), ("source", status))[1]
    for _ in range(4):
        frames.draw(visible=True)
    assert taken == [True, False, False, False, True]
