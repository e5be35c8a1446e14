"""The place of a group in what keeps none itself."""

import stat

import pytest

from consumers.source import SourcePlan, SourceUnavailable
from consumers.sources.place import PAUSE, GroupPlace, place_of

URL = "amqp://rabbit/stream"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_place_is_there_after_a_restart(tmp_path):
    first = place_of(SourcePlan(url=URL, group="mine", state=str(tmp_path / "new")))
    first.load()
    assert first.number is None
    first.move(5)
    again = place_of(SourcePlan(url=URL, group="mine", state=str(tmp_path / "new")))
    again.load()
    assert again.number == 5


def test_its_directory_is_private(tmp_path):
    place_of(SourcePlan(url=URL, group="mine", state=str(tmp_path / "new"))).load()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "other", [{"group": "../mine"}, {"group": "other"}, {"url": "amqp://rabbit/other"}]
)
def test_other_groups_and_streams_have_places_of_their_own(tmp_path, other):
    plan = {"url": URL, "group": "mine", "state": str(tmp_path / "state")}
    one, two = place_of(SourcePlan(**plan)), place_of(SourcePlan(**{**plan, **other}))
    one.load()
    one.move(5)
    two.load()
    assert two.number is None
    two.move(6)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_file_is_written_once_a_second_and_at_the_end(tmp_path):
    file, clock = tmp_path / "place", Clock()
    place = GroupPlace(file, clock)
    place.move(1)
    place.move(2)
    assert file.read_text() == "1\n"
    clock.now += PAUSE
    place.move(3)
    place.move(4)
    assert file.read_text() == "3\n"
    place.save()
    assert file.read_text() == "4\n"


def test_a_file_that_holds_no_place_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "place").write_text("what?")
    with pytest.raises(SourceUnavailable, match=r"does not hold the place of a group.*remove it"):
        GroupPlace(tmp_path / "place").load()


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SourceUnavailable, match="--state"):
        GroupPlace(tmp_path / "file/place").load()


def test_without_a_group_nothing_is_written(tmp_path):
    place = place_of(SourcePlan(url=URL, state=str(tmp_path / "state")))
    place.load()
    place.move(5)
    place.save()
    assert not (tmp_path / "state").exists()
