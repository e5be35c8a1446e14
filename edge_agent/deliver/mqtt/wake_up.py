"""What ends a wait for the socket when another thread has something to say."""

import os


class WakeUp:
    """An eventfd that lives as long as a thread holds it: none can write to a closed descriptor.

    A descriptor that is closed while another thread may still write to it could be another file by
    then.
    """

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK)

    def __del__(self) -> None:
        os.close(self._descriptor)

    def fileno(self) -> int:
        """Return the descriptor that is readable after `set`."""
        return self._descriptor

    def set(self) -> None:
        """Wake the thread that waits, from any thread."""
        os.eventfd_write(self._descriptor, 1)

    def clear(self) -> bool:
        """Return whether it was set, and reset it."""
        try:
            os.eventfd_read(self._descriptor)
        except BlockingIOError:
            return False
        return True
