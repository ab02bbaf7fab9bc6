"""Each sentence of docs/architecture.md has its test, by name: a sentence that is added without one fails here."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.engine import pacing
from lab.widgets import pulse

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")

# Beginning of a sentence -> tests that fail where it is not so. In the order of the page.
PROOF = """
One model is one file | test_adding_a_model::test_commands_of_the_page_succeed
This page holds only | test_architecture::test_each_sentence_of_the_page_has_its_test
The docstrings of the modules | test_house::test_every_module_says_what_it_is_for
A room is what lies | test_house::test_every_room_imports_from_the_floors_below_it_only
From the top floor | test_house::test_the_page_shows_the_floors_as_they_are
That holds for all imports | test_house::test_every_room_imports_from_the_floors_below_it_only
No modules import each other | test_house::test_no_modules_import_each_other_in_a_circle
There are at most 28 | test_architecture::test_numbers_of_the_page_are_those_of_the_code
Only `widgets` imports Qt | test_house::test_only_widgets_import_qt, test_house::test_only_kernels_import_numba
Only the catalogue reaches | test_house::test_only_the_catalogue_reaches_for_models, test_house::test_widgets_name_no_model
Everything that the window reads | test_house::test_the_window_reads_of_a_run_only_its_status_and_its_ring
Every attribute outside | test_house::test_every_attribute_is_born_when_its_object_is
`lab --help` loads | test_house::test_help_and_list_load_neither_numpy_nor_numba_nor_qt
A kernel takes at most | test_house::test_kernels_take_at_most_a_dozen_arguments
Values are frozen | test_values::test_models_hash_and_nothing_in_them_can_be_changed
One step of a drag | test_values::test_a_step_of_a_drag_builds_few_models_whatever_the_model
Where several of a kind | test_architecture::test_every_registry_of_the_page_has_a_test_that_adds_one
models (the catalogue | test_adding_a_model::test_commands_of_the_page_succeed
operations of the tape | test_adding_an_operation::test_its_case_is_proved_as_those_of_the_lab_are
commands (`lab.commands`) | test_adding_a_command::test_every_file_of_the_folder_is_read_by_listing
layers, gates, populations | test_adding_a_layer::test_it_learns, test_adding_a_node::test_what_lies_in_the_folder_of_a_family_is_found_by_itself
analyses of spikes | test_adding_an_analysis::test_it_is_an_option_of_the_command_and_a_method_of_a_run
kinds of streams | test_adding_a_picture_kind::test_it_is_recorded_exported_and_drawn
kinds of parameters | test_adding_kinds::test_a_kind_of_parameter_from_outside_is_typed_until_it_has_a_field_of_its_own
lessons | test_adding_a_lesson::test_it_plays_as_it_says
[Adding a model] | test_architecture::test_every_registry_of_the_page_has_a_test_that_adds_one
A model is a frozen value | test_values::test_models_hash_and_nothing_in_them_can_be_changed, test_contract::test_parameters_are_documented_and_bounded
What moves is a dictionary | test_contract::test_state_is_plain_arrays
The same seed gives | test_contract::test_same_seed_same_bytes_whatever_the_blocks
A checkpoint has the same | test_contract::test_checkpoint_has_the_same_future
Compiled equals interpreted | test_contract::test_compiled_equals_interpreted
Events are columns | test_recording::test_every_row_event_and_snapshot_is_stored
Spikes and rare | test_recording::test_every_row_event_and_snapshot_is_stored
For a raster | test_stimulus::test_an_edge_inside_a_step_counts_by_the_part_it_covers
A kernel that finds no room | test_stimulus::test_a_full_event_buffer_takes_noise_and_phase_back_to_where_it_stopped
Snapshots are readings | test_contract::test_observing_changes_nothing
What a picture shows | test_contract::test_observing_changes_nothing
What is shown is | test_adding_a_picture_kind::test_a_payload_that_cannot_be_drawn_fails_where_it_is_shown
`live` and `builds` | test_contract::test_live_change_and_actions_replay_to_the_same_bytes
A parameter that is live | test_contract::test_live_change_and_actions_replay_to_the_same_bytes
One that is not begins | test_window::test_a_parameter_that_is_not_live_begins_a_new_run_and_says_so
Actions are logged | test_contract::test_live_change_and_actions_replay_to_the_same_bytes
The log of a run | test_runner::test_a_run_steered_by_hand_replays_headless_to_the_same_bytes
Each run records | test_provenance::test_a_run_names_processor_and_libraries
The command line, the Python | test_commands::test_python_face_matches_the_command_line
What is known of a run | test_runner::test_the_status_is_a_frozen_value
The runner is a thread | test_runner::test_preparing_becomes_paused, test_runner::test_running_becomes_finished_at_its_length
The first time a model | test_preparation::test_a_child_compiles_into_the_cache_and_says_so
Without a child the | test_preparation::test_a_run_goes_on_without_a_child_that_failed
A block aims at 12 ms | test_runner::test_blocks_adapt_to_the_time_they_take, test_architecture::test_numbers_of_the_page_are_those_of_the_code
Seeking back only moves | test_runner::test_seeking_back_pauses_and_only_moves_the_place
Doing anything there | test_runner::test_doing_something_in_the_past_branches
A checkpoint says how many | test_recording::test_a_checkpoint_knows_how_much_of_the_log_it_holds, test_runner::test_of_two_things_done_at_one_step_each_is_replayed_once
After a divergence | test_runner::test_playing_after_a_divergence_goes_on_from_the_last_good_state
When the disk refuses | test_runner::test_a_full_disk_pauses_and_playing_tries_again_without_losing_a_row
Consecutive changes merge | test_runner::test_consecutive_changes_merge_and_none_is_lost
If one of the merged | test_runner::test_a_refused_change_says_why_and_does_not_take_others_with_it
The ring keeps | test_ring::test_a_gap_starts_a_new_stretch, test_ring::test_the_latest_samples_win_when_the_ring_is_full
A session is one SQLite | test_session::test_a_closed_session_is_one_file_and_comes_back_as_it_was
It is opened as if | test_session_damage::test_three_hundred_damaged_files_give_sentences_or_the_right_data
Nothing in it is pickled | test_house::test_nothing_is_pickled
A session without a | test_window::test_an_unnamed_session_is_on_disk_from_the_first_second_and_leaves_nothing_when_unused
A file that was not closed | test_window::test_a_session_that_was_not_closed_is_recovered_and_said
A file of a newer | test_session::test_a_newer_version_is_refused_and_left_alone, test_session::test_an_older_file_is_migrated_once_and_keeps_its_contents
What earlier versions | test_earlier_sessions::test_it_replays_with_the_recorded_streams_to_the_same_bytes
One document | test_window_parts::test_undo_and_redo_exchange_documents_and_name_the_step
What a person decides | test_window_parts::test_undo_and_redo_exchange_documents_and_name_the_step
The steps of a drag | test_window_parts::test_steps_of_one_drag_merge_and_a_drag_that_returns_leaves_no_step
Undoing a deletion | test_window::test_runs_are_overlaid_renamed_pinned_and_deleted_and_all_of_it_is_undone
One timer | test_architecture::test_numbers_of_the_page_are_those_of_the_code
`Pulse` beats | test_architecture::test_numbers_of_the_page_are_those_of_the_code, test_window_parts::test_cheap_pictures_share_the_time_saved_up_between_beats_and_dear_ones_are_drawn_one_at_a_time
A refresh without | test_pictures::test_a_refresh_without_anything_new_draws_nothing
What is hidden | test_window::test_hidden_pictures_are_not_watched
Only the streams of | test_window::test_hidden_pictures_are_not_watched
Errors are said | test_window::test_a_divergence_is_said_in_the_window_with_ways_out
An impossible value | test_window::test_an_impossible_value_is_explained_in_its_row
No part knows the window | test_architecture::test_no_part_of_the_window_imports_the_window
The edits of the canvas | test_canvas_edits::test_edits_need_no_window, test_exploration_state::test_the_state_loads_no_qt
The modules of `lab/widgets` | test_architecture::test_every_part_of_the_window_stands_on_the_page
`tests/conftest.py` fails | test_architecture::test_a_test_that_leaves_a_thread_or_a_timer_behind_fails
Warnings are errors | test_architecture::test_warnings_are_errors
`tests/sketches/leaking_counter.py` | test_recording::test_every_row_event_and_snapshot_is_stored
"""


def sentences() -> list[str]:
    """The statements of the page, each on one line; headings, drawings and tables are not among them."""
    text = re.sub(r"```.*?```", "\n\n", PAGE, flags=re.S)
    found = []
    for block in re.split(r"\n\s*\n|\n(?=- )", text):
        if not block.strip().startswith("#"):
            line = re.sub(r"\s+", " ", block.strip().removeprefix("- ").replace("**", ""))
            found += re.split(r"(?<=\.) (?=[A-Z`])", line) if line else []
    return found


def proofs() -> list[tuple[str, list[str]]]:
    rows = [line.split(" | ") for line in PROOF.strip().splitlines()]
    return [(begins, tests.split(", ")) for begins, tests in rows]


def test_each_sentence_of_the_page_has_its_test():
    said, known = sentences(), [begins for begins, _ in proofs()]
    assert not [line for line in said if not any(line.startswith(begins) for begins in known)]
    assert not [begins for begins in known if not any(line.startswith(begins) for line in said)]


def test_the_tests_that_are_named_exist():
    names: dict[str, set[str]] = {}
    for path in (ROOT / "tests").glob("test_*.py"):
        names[path.stem] = {n.name for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.FunctionDef)}
    missing = [test for _, tests in proofs() for test in tests if test.split("::")[1] not in names.get(test.split("::")[0], ())]
    assert not missing


def test_numbers_of_the_page_are_those_of_the_code():
    import test_house

    assert f"at most {test_house.MOST}\nrooms" in PAGE or f"at most {test_house.MOST} rooms" in PAGE
    assert test_house.ARGUMENTS == 12 and "at most a dozen arguments" in PAGE
    assert f"A block aims at {1000 * pacing.BLOCK_SECONDS:.0f} ms" in PAGE
    assert 1000 / pulse.BEAT_MS == pytest.approx(60, abs=3) and "60 Hz" in PAGE


def test_every_registry_of_the_page_has_a_test_that_adds_one():
    page = (ROOT / "docs" / "adding-a-model.md").read_text("utf-8")
    table = re.findall(r"^\| (.+?) \| (`.+?) \| (`.+?) \| `(tests/\w+\.py)` \|$", page, re.M)
    assert len(table) >= 11
    for what, files, _, test in table:
        assert (ROOT / test).is_file(), what
        for place in re.findall(r"`([\w/.]+)`", files):
            folder, _, name = place.replace("/PANEL", "").rpartition("/")
            assert (ROOT / folder / ("" if name.startswith("NAME.") else name)).exists(), place


def test_no_part_of_the_window_imports_the_window():
    for path in (ROOT / "lab" / "widgets").rglob("*.py"):
        if path.stem not in ("window", "app", "application"):
            modules = {n.module for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.ImportFrom)}
            assert "lab.widgets.window" not in modules, path.name
    tree = ast.parse((ROOT / "lab" / "widgets" / "shell.py").read_text("utf-8"))
    assert any(isinstance(n, ast.ClassDef) and any(ast.unparse(b) == "Protocol" for b in n.bases) for n in tree.body)


def test_every_part_of_the_window_stands_on_the_page():
    (said,) = (line for line in sentences() if line.startswith("The modules of"))
    named = {name.strip("/") for name in re.findall(r"`([\w/]+)`", said)} - {"lab/widgets"}
    folder = ROOT / "lab" / "widgets"
    assert not [name for name in named if not (folder / name).is_dir() and not (folder / f"{name}.py").is_file()]


def test_warnings_are_errors(pytestconfig):
    assert pytestconfig.getini("filterwarnings") == ["error"]


LEAVING = """
import threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

def test_neither():
    pass

def test_thread():
    threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()

def test_timer():
    app = QApplication.instance() or QApplication([])
    QTimer(app, objectName="restless").start(1000)
"""


def test_a_test_that_leaves_a_thread_or_a_timer_behind_fails(tmp_path):
    pytest.importorskip("PySide6")
    (tmp_path / "impatient.py").write_text("import conftest\nconftest.PATIENCE = 0.1\n", "utf-8")
    (tmp_path / "test_leaving.py").write_text(LEAVING, "utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "impatient", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull,
               "--rootdir", str(tmp_path), str(tmp_path))  # fmt: skip
    paths = {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT / "tests"), str(ROOT))), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | paths, capture_output=True, text=True)
    assert "left threads behind: forgotten." in done.stdout, done.stdout + done.stderr
    assert "left widgets or timers behind: QTimer 'restless' of the application." in done.stdout
    assert "3 passed, 2 errors" in done.stdout
