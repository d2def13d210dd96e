"""The colors and spaces of the window: one restrained palette over Fusion, light and dark, one accent."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

SPACE = 8
"""The unit of every margin and gap, in device-independent pixels."""

SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


@dataclass(frozen=True)
class Colors:
    """Named colors as #rrggbb."""

    window: str
    panel: str
    raised: str
    line: str
    text: str
    quiet: str
    accent: str
    chosen: str
    warning: str


DARK = Colors("#17191c", "#1f2226", "#2a2e33", "#363b41", "#e8eaec", "#a0a7ae", "#5ccb8f", "#244534", "#e5b567")
LIGHT = Colors("#f1f3f4", "#ffffff", "#eceff1", "#d3d8dc", "#1c2024", "#5b636b", "#16794a", "#d5eee0", "#8a5a00")


def colors_of(application: QApplication, scheme: str) -> Colors:
    """The colors of a scheme, a key of `SCHEMES`; "system" asks the desktop."""
    wanted = SCHEMES.get(scheme, Qt.ColorScheme.Unknown)
    if wanted == Qt.ColorScheme.Unknown:
        wanted = application.styleHints().colorScheme()
    return LIGHT if wanted == Qt.ColorScheme.Light else DARK


def apply_colors(application: QApplication, scheme: str) -> Colors:
    """Give the application the style and the palette of a scheme, a key of `SCHEMES`."""
    application.setStyle("Fusion")
    application.styleHints().setColorScheme(SCHEMES.get(scheme, Qt.ColorScheme.Unknown))
    colors = colors_of(application, scheme)
    application.setPalette(_palette(colors))
    return colors


def apply_theme(application: QApplication, scheme: str, icons: Path) -> None:
    """Dress the application in a scheme, a key of `SCHEMES`; `icons` is the folder of the arrows and check marks."""
    apply_sheet(application, apply_colors(application, scheme), icons)


def apply_sheet(application: QApplication, colors: Colors, icons: Path) -> None:
    """Give the widgets their borders, spaces and arrows, in these colors.

    Call it when the widgets are there: every one that is added later is measured and dressed again by itself.
    """
    kind = "light" if colors is LIGHT else "dark"
    application.setStyleSheet(
        _sheet(colors, (icons / f"down-{kind}.svg").as_posix(), (icons / f"check-{kind}.svg").as_posix())
    )


def read_picture_plugins(icons: Path) -> None:
    """Let Qt read its libraries for pictures and icons now, before the first arrow that is painted asks for them.

    The system's loader reads one library at a time, and torch's keep it for a third of a second: see
    `trainer.networks.library_loading`.
    """
    arrow = str(icons / "down-dark.svg")
    QIcon(arrow).pixmap(SPACE, SPACE)
    QPixmap(arrow)


def _palette(colors: Colors) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette(QColor(colors.raised), QColor(colors.window))
    for color_role, value in (
        (role.Window, colors.window),
        (role.Base, colors.panel),
        (role.AlternateBase, colors.raised),
        (role.Button, colors.raised),
        (role.WindowText, colors.text),
        (role.Text, colors.text),
        (role.ButtonText, colors.text),
        (role.ToolTipBase, colors.raised),
        (role.ToolTipText, colors.text),
        (role.PlaceholderText, colors.quiet),
        (role.Highlight, colors.chosen),
        (role.HighlightedText, colors.text),
        (role.Accent, colors.accent),
        (role.Link, colors.accent),
        (role.BrightText, colors.warning),
        (role.Mid, colors.line),
    ):
        palette.setColor(color_role, QColor(value))
    for color_role in (role.Text, role.ButtonText, role.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, color_role, QColor(colors.quiet))
    return palette


def _sheet(colors: Colors, arrow: str, check: str) -> str:
    return f"""
        QMainWindow::separator {{ background: {colors.window}; width: {SPACE}px; height: {SPACE}px; }}
        QFrame#panel {{ background: {colors.panel}; border: 1px solid {colors.line}; border-radius: 6px; }}
        QFrame#banner {{
            background: {colors.raised}; border: 1px solid {colors.warning}; border-radius: 6px; margin: {SPACE}px; }}
        QFrame#banner[calm="true"] {{ border-color: {colors.line}; }}
        QFrame#tour, QFrame#start {{
            background: {colors.raised}; border: 1px solid {colors.accent}; border-radius: 6px; }}
        QFrame#muted {{ background: {colors.raised}; border: 1px solid {colors.warning}; border-radius: 6px; }}
        QGraphicsView[muted="true"] {{ border: 3px solid {colors.warning}; }}
        QLabel#title {{ font-weight: 600; font-size: 12pt; }}
        QLabel#quiet {{ color: {colors.quiet}; }}
        QLabel#tag {{ font-weight: 600; }}
        QLabel#readout {{ background: rgba(0, 0, 0, 170); color: white; padding: 2px 6px; border-radius: 3px; }}
        QLabel#warning {{ color: {colors.warning}; }}
        QListView {{ background: {colors.panel}; border: none; outline: none; }}
        QPushButton, QToolButton, QComboBox, QLineEdit, QSpinBox, QDoubleSpinBox {{
            background: {colors.raised}; border: 1px solid {colors.line}; border-radius: 4px;
            padding: 3px 8px; min-height: 18px; }}
        QLineEdit, QSpinBox, QDoubleSpinBox {{ background: {colors.panel}; selection-background-color: {colors.accent};
            selection-color: {colors.panel}; }}
        QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
        QComboBox::drop-down {{ border: none; width: 18px; }}
        QComboBox::down-arrow {{ image: url("{arrow}"); width: 12px; height: 12px; }}
        QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {colors.quiet}; border-radius: 3px;
            background: {colors.panel}; }}
        QCheckBox::indicator:checked {{ background: {colors.accent}; border-color: {colors.accent};
            image: url("{check}"); }}
        QComboBox QAbstractItemView {{ background: {colors.raised}; border: 1px solid {colors.line}; }}
        QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {colors.quiet}; }}
        QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QDoubleSpinBox:focus
            {{ border-color: {colors.accent}; }}
        QPushButton:checked, QToolButton:checked {{ background: {colors.chosen}; border-color: {colors.accent}; }}
        QPushButton:disabled, QToolButton:disabled {{ color: {colors.quiet}; }}
        QPushButton:default {{ border-color: {colors.accent}; }}
        QToolButton#flat {{ background: transparent; border: none; padding: 2px 6px; }}
        QToolButton#flat:hover {{ background: {colors.raised}; }}
        QToolButton#link {{ background: transparent; border: none; padding: 2px 3px; color: {colors.accent}; }}
        QToolButton#link:hover, QToolButton#link:focus {{ background: {colors.raised}; }}
        QToolButton#mark {{ background: transparent; border: 1px solid transparent; padding: 1px 5px; }}
        QToolButton#mark:hover, QToolButton#mark:focus {{ border-color: {colors.quiet}; }}
        QToolButton#mark:checked {{ background: {colors.chosen}; border-color: {colors.accent}; }}
        QToolButton#menu {{ padding-right: 20px; }}
        QToolButton::menu-indicator {{ image: url("{arrow}"); width: 12px; height: 12px; subcontrol-origin: padding;
            subcontrol-position: right center; right: 5px; }}
        QPushButton#word {{ text-align: left; padding: 5px 8px; }}
        QTabWidget::pane {{ border: none; }}
        QTabBar::tab {{ background: transparent; border: none; border-bottom: 2px solid transparent;
            padding: 6px 9px; color: {colors.quiet}; }}
        QTabBar::tab:selected {{ color: {colors.text}; border-bottom-color: {colors.accent}; }}
        QTabBar::tab:hover {{ color: {colors.text}; }}
        QProgressBar {{ background: {colors.raised}; border: none; border-radius: 3px; max-height: 6px; }}
        QProgressBar::chunk {{ background: {colors.accent}; border-radius: 3px; }}
        QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
        QStatusBar::item {{ border: none; }}
        QMenuBar {{ background: {colors.window}; }}
        QMenuBar::item {{ padding: 4px 8px; background: transparent; }}
        QMenuBar::item:selected, QMenu::item:selected {{ background: {colors.chosen}; }}
        QMenu {{ background: {colors.raised}; border: 1px solid {colors.line}; padding: 4px; }}
        QMenu::item {{ padding: 4px 24px 4px 24px; }}
        QMenu::item:disabled {{ color: {colors.quiet}; }}
        QMenu::separator {{ height: 1px; background: {colors.line}; margin: 4px 8px; }}
        QToolTip {{ background: {colors.raised}; color: {colors.text}; border: 1px solid {colors.line}; padding: 4px; }}
        QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
        QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
        QScrollBar::handle {{ background: {colors.line}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
        QScrollBar::handle:hover {{ background: {colors.quiet}; }}
        QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page
            {{ background: transparent; width: 0; height: 0; }}
        QSlider::groove:horizontal {{ background: {colors.line}; height: 4px; border-radius: 2px; }}
        QSlider::handle:horizontal {{ background: {colors.accent}; width: 12px; margin: -4px 0; border-radius: 6px; }}
        QSplitter::handle {{ background: {colors.window}; }}
    """
