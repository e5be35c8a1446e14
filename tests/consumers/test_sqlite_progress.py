"""The database of a consumer's progress, beside another process that writes to it."""

import threading
from contextlib import closing

from consumers.inbox.sqlite_progress import SqliteProgress


def test_it_is_opened_while_another_process_commits(tmp_path):
    file, opened, pause = tmp_path / "progress.sqlite", [], threading.Event()

    def open_it():
        with closing(SqliteProgress(file)) as other:
            opened.append(list(other.load()))

    with closing(SqliteProgress(file)) as first:
        thread = threading.Thread(target=open_it)
        with first.transaction() as database:
            database.execute("INSERT INTO done VALUES ('log', 1, 7)")
            thread.start()
            pause.wait(0.3)  # it meets the lock; if it is slower, the claim holds all the more
        thread.join()
    assert opened == [[("log", 1, 7)]]
