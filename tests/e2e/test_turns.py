"""Story: whatever changes in the window, a key that waits is heard before all of it is drawn."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal

from tests.e2e.conftest import Person


class Order(QObject):
    """Notes when what it watches is drawn; `arrived` is how the answer of a worker comes."""

    arrived = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.noted.append("drawn")
        return False


def test_what_changed_is_drawn_in_a_turn_of_its_own(demo: Person) -> None:
    order, panel = Order(), demo.parts.tags
    demo.until(panel.isVisible)
    demo.qtbot.wait(300)  # what is still drawn is drawn
    panel.installEventFilter(order)

    tick = QTimer(order, singleShot=True, interval=0)
    tick.timeout.connect(lambda: order.noted.append("a turn between"))

    def change() -> None:
        panel.update()
        tick.start()  # `QTimer.singleShot(0, ...)` would be an event, which Qt takes first in any case

    order.arrived.connect(change, Qt.ConnectionType.QueuedConnection)
    order.arrived.emit()
    demo.until(lambda: len(order.noted) >= 2)
    assert order.noted[:2] == ["a turn between", "drawn"]
