"""The style sheet: how every standard widget looks in a theme.

Object names and properties that have a meaning of their own:
    QLabel[role="title" | "heading" | "caption" | "figure" | "error" | "mono"]
    QToolButton (flat), QPushButton[role="primary" | "danger"], QPushButton[segment="true"]
    QFrame#card, QWidget#bar, QWidget#side (panel grounds)
"""

from __future__ import annotations

from pathlib import Path

from lab.widgets.tokens import Look, mix

SHEET = """
* {{ outline: none; }}
QWidget {{ color: {text}; font-size: {size}px; }}
QMainWindow, QDialog {{ background: {background}; }}
QMainWindow::separator {{ background: {background}; width: 8px; height: 8px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QFrame#card {{ background: {surface}; border: 1px solid {line}; border-radius: 8px; }}
QFrame#card[chosen="true"] {{ border-color: {accent}; }}
QWidget#bar, QWidget#side {{ background: {surface}; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
QLabel {{ background: transparent; }}
QLabel[role="title"] {{ font-size: {title}px; font-weight: 600; }}
QLabel[role="heading"] {{ font-size: {caption}px; font-weight: 500; color: {muted}; }}
QLabel[role="caption"] {{ font-size: {caption}px; color: {muted}; }}
QLabel[role="figure"] {{ font-family: "{mono}"; font-size: {caption}px; color: {muted}; }}
QLabel[role="mono"] {{ font-family: "{mono}"; }}
QLabel[role="error"] {{ font-size: {caption}px; color: {bad_text}; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: 6px 8px; font-size: {caption}px; }}

QPushButton, QComboBox, QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit {{
    background: {raised}; color: {text}; border: 1px solid {line}; border-radius: 6px;
    selection-background-color: {accent}; selection-color: {on_accent};
}}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QPushButton {{ padding: 0 12px; min-height: {inner}px; font-weight: 500; }}
QPushButton:hover, QComboBox:hover, QLineEdit:hover, QAbstractSpinBox:hover {{ border-color: {hover}; }}
QPushButton:pressed {{ background: {line}; }}
QPushButton:focus, QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {{ border: 1px solid {accent}; }}
QPushButton:disabled, QComboBox:disabled, QLineEdit:disabled, QAbstractSpinBox:disabled {{ color: {faint}; border-color: {grid}; background: {surface}; }}
QPushButton[role="primary"] {{ background: {accent}; color: {on_accent}; border-color: {accent}; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ border-color: {text}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {text}; }}
QPushButton[role="danger"] {{ color: {bad_text}; }}
QPushButton[segment="true"] {{ background: transparent; border: 1px solid transparent; border-radius: 5px; padding: 0 5px; min-height: {segment}px; color: {muted}; min-width: 0; }}
QPushButton[segment="true"]:hover {{ color: {text}; }}
QPushButton[segment="true"]:checked {{ background: {surface}; border: 1px solid {line}; border-bottom: 2px solid {accent}; color: {text}; font-weight: 600; }}
QPushButton[segment="true"]:focus {{ border: 1px solid {accent}; }}
QFrame#segments {{ background: {raised}; border: 1px solid {line}; border-radius: 6px; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; color: {text}; }}
QToolButton:hover {{ background: {raised}; }}
QToolButton:pressed {{ background: {line}; }}
QToolButton:checked {{ background: {raised}; color: {accent_text}; border-bottom: 2px solid {accent}; }}
QToolButton:focus {{ border: 1px solid {accent}; }}
QToolButton:disabled {{ color: {faint}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}

QComboBox {{ padding: 0 28px 0 9px; min-height: {inner}px; }}
QComboBox::drop-down {{ subcontrol-origin: border; subcontrol-position: center right; width: 28px; border: none; background: transparent; }}
QComboBox::down-arrow {{ image: url("{marks}/down-{name}.svg"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {line}; padding: 4px; selection-background-color: {accent}; selection-color: {on_accent}; }}
QLineEdit, QAbstractSpinBox {{ padding: 0 8px; min-height: {inner}px; }}
QAbstractSpinBox {{ font-family: "{mono}"; padding: 0 4px 0 8px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border; width: 16px; border: none; background: transparent; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; margin: 2px 2px 0 0; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; margin: 0 2px 2px 0; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {line}; border-radius: 3px; }}
QAbstractSpinBox::up-arrow {{ image: url("{marks}/up-{name}.svg"); width: 9px; height: 9px; }}
QAbstractSpinBox::down-arrow {{ image: url("{marks}/down-{name}.svg"); width: 9px; height: 9px; }}
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"], QComboBox[invalid="true"] {{ border: 1px solid {bad}; }}

QSlider {{ min-height: 20px; background: transparent; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {line}; }}
QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {accent}; }}
QSlider::sub-page:horizontal:disabled {{ background: {line}; }}
QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: {text}; }}
QSlider::handle:horizontal:hover {{ background: {accent}; }}
QSlider::handle:horizontal:focus {{ background: {text}; border: 3px solid {accent}; width: 10px; height: 10px; margin: -6px 0; border-radius: 8px; }}
QSlider::handle:horizontal:disabled {{ background: {faint}; }}

QCheckBox, QRadioButton {{ spacing: 8px; background: transparent; }}
QCheckBox::indicator, QRadioButton::indicator, QGroupBox::indicator {{ width: 16px; height: 16px; border: 1px solid {control}; border-radius: 4px; background: {raised}; }}
QRadioButton::indicator {{ border-radius: 9px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover, QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {accent}; }}
QCheckBox::indicator:checked {{ background: {accent}; border-color: {accent}; image: url("{marks}/check-{name}.svg"); }}
QCheckBox::indicator:indeterminate {{ image: url("{marks}/dash-{name}.svg"); }}
QRadioButton::indicator:checked {{ image: url("{marks}/radio-{name}.svg"); border-color: {accent}; }}
QCheckBox:focus, QRadioButton:focus {{ color: {accent_text}; }}

QScrollBar {{ background: transparent; border: none; }}
QScrollBar:vertical {{ width: 10px; }}
QScrollBar:horizontal {{ height: 10px; }}
QScrollBar::handle {{ background: {line}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}

QMenu {{ background: {raised}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu::item:disabled {{ color: {faint}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QMenu::indicator {{ width: 14px; height: 14px; margin-left: 6px; }}
QMenu::indicator:checked {{ image: url("{marks}/tick-{name}.svg"); }}
QMenuBar {{ background: {surface}; }}
QMenuBar::item {{ padding: 4px 10px; background: transparent; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {raised}; }}

QTabWidget::pane {{ border: 1px solid {line}; border-radius: 8px; top: -1px; background: {surface}; }}
QTabBar {{ background: transparent; qproperty-elideMode: ElideNone; }}
QTabBar::tab {{ background: transparent; color: {muted}; padding: 6px 12px; border: none; border-bottom: 2px solid transparent; }}
QTabBar::tab:hover {{ color: {text}; }}
QTabBar::tab:selected {{ color: {text}; font-weight: 600; border-bottom: 2px solid {accent}; }}
QTabBar::tab:focus {{ color: {accent_text}; }}

QListView, QTreeView, QTableView, QListWidget, QTreeWidget, QTableWidget {{
    background: transparent; border: none; alternate-background-color: {raised}; gridline-color: {grid};
    selection-background-color: {raised}; selection-color: {text};
}}
QListView::item, QTreeView::item {{ padding: 5px 8px; border-radius: 6px; border-left: 3px solid transparent; }}
QListView::item:hover, QTreeView::item:hover {{ background: {raised}; }}
QListView::item:selected, QTreeView::item:selected {{ background: {raised}; color: {accent_text}; border-left: 3px solid {accent}; }}
QListView:focus, QTreeView:focus, QTableView:focus {{ border: 1px solid {line}; border-radius: 6px; }}
QTableView::item {{ padding: 2px 8px; }}
QHeaderView {{ background: transparent; }}
QHeaderView::section {{ background: {surface}; color: {muted}; border: none; border-bottom: 1px solid {line}; padding: 4px 8px; font-size: {caption}px; }}
QTableCornerButton::section {{ background: {surface}; border: none; }}

QProgressBar {{ background: {line}; border: none; border-radius: 3px; max-height: 6px; text-align: center; color: transparent; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}
QSplitter::handle {{ background: {background}; }}
QSplitter::handle:hover {{ background: {accent}; }}
QDockWidget {{ titlebar-close-icon: none; titlebar-normal-icon: none; }}
QDockWidget::title {{ background: {background}; padding: 4px; }}
QStatusBar {{ background: {surface}; }}
QStatusBar::item {{ border: none; }}
QGroupBox {{ border: 1px solid {line}; border-radius: 8px; margin-top: 10px; padding-top: 8px; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 10px; color: {muted}; }}
"""


def style_sheet(look: Look, marks: Path, mono: str) -> str:
    """The style sheet of a look; `marks` is the folder with the arrows and check marks, `mono` the family of numbers."""
    tokens = look.tokens
    values = {key: getattr(tokens, key) for key in tokens.__dataclass_fields__ if key != "series"}
    values |= dict(
        size=look.text, title=look.title, caption=look.caption, inner=look.field - 2, segment=look.field - 8, marks=marks.as_posix(),
        on_accent=tokens.on_accent, hover=mix(tokens.line, tokens.muted, 0.6), faint=mix(tokens.muted, tokens.surface, 0.45),
        control=mix(tokens.line, tokens.muted, 0.7), mono=mono,
        accent_text=tokens.readable("accent"), bad_text=tokens.readable("bad"),
    )  # fmt: skip
    return SHEET.format(**values)
