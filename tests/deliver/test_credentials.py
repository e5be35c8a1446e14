"""A password that no protocol can send is refused where it is read, not at a connection."""

import pytest

from edge_agent.deliver.credentials import LONGEST_PASSWORD, read_password
from edge_agent.errors import AgentError


@pytest.fixture(params=["file", "variable"])
def read(request, tmp_path, monkeypatch):
    """A function: read a password of these bytes."""

    def read(content):
        if request.param == "variable":
            monkeypatch.setenv("PASSWORD", content.decode(errors="surrogateescape"))
            return read_password("", "PASSWORD")
        (tmp_path / "password").write_bytes(content)
        return read_password(str(tmp_path / "password"), "")

    return read


def test_the_longest_password_is_read_whole(read):
    assert len(read(b"x" * LONGEST_PASSWORD)) == LONGEST_PASSWORD


def test_a_longer_password_is_refused(read):
    with pytest.raises(AgentError, match="more than 65535 bytes: give the password alone"):
        read(b"x" * (LONGEST_PASSWORD + 1))


def test_a_password_that_is_not_utf8_is_refused(read):
    with pytest.raises(AgentError, match="give a readable text file"):
        read(b"\xff\xfe")


def test_a_file_without_end_is_not_read_to_its_end():
    with pytest.raises(AgentError, match="more than"):
        read_password("/dev/zero", "")


@pytest.mark.parametrize(
    "content", [b"s3cret", b"s3cret\n", b"s3cret\r\n", b"\xef\xbb\xbfs3cret\r\n"]
)
def test_what_editors_put_around_a_password_is_no_part_of_it(tmp_path, content):
    (tmp_path / "password").write_bytes(content)
    assert read_password(str(tmp_path / "password"), "") == "s3cret"


@pytest.mark.parametrize("content", [b"", b"\n", b"s3cret\nof the broker"])
def test_a_file_with_no_password_or_with_more_is_refused(tmp_path, content):
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(AgentError, match="write the secret alone, in one line"):
        read_password(str(tmp_path / "password"), "")
