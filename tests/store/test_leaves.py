"""Pages of a database that no SQLite has written."""

from edge_agent.store.leaves import TABLE_LEAF, _local, leaf_offsets, leaf_rows

SIZE = 1024
MOST = (SIZE - 8) // 6  # rows of a page
HEAD = bytes(16) + SIZE.to_bytes(2)


def database(tmp_path, *pages):
    path = tmp_path / "damaged"
    path.write_bytes(b"".join(page.ljust(SIZE, b"\0") for page in (HEAD, *pages)))
    return path


def leaf(rows):
    return bytes([TABLE_LEAF, 0, 0]) + rows.to_bytes(2) + bytes(3)


def test_a_page_is_read_for_no_more_rows_than_it_has_room_for(tmp_path):
    path = database(tmp_path, leaf(0xFFFF))
    assert len(list(leaf_rows(path))) == MOST
    assert leaf_offsets(path) == [(0, 0)]


def test_a_row_whose_pages_lead_back_to_themselves_is_left_out(tmp_path):
    length, begin = 2**20, 100
    row = b"\xc0\x80\x00\x07"  # so many bytes, and the id 7
    columns = b"\2\x09".ljust(_local(length, SIZE), b"\0") + (3).to_bytes(4)
    page = (leaf(1) + begin.to_bytes(2)).ljust(begin, b"\0") + row + columns
    assert list(leaf_rows(database(tmp_path, page, (3).to_bytes(4)))) == []
    assert leaf_offsets(database(tmp_path, page)) == [(7, 7)]
