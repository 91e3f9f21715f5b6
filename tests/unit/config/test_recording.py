"""What a site's `[recording]` does to its Asterisk: nothing while it is off, everything that it needs when it is on."""

from __future__ import annotations

from pathlib import Path

from agi.lint import CONFIG, complaints
from agi.render import WIDEBAND, Place, Secrets, render
from callflow.site_keeping import Recording
from callflow.sitefile import Site, load_site


def site(**recording: object) -> Site:
    loaded = load_site(CONFIG / "sites" / "12345.toml", "127.0.0")
    return loaded.model_copy(update={"recording": Recording.model_validate(recording)})


def rendered(of: Site) -> dict[str, str]:
    place = Place(**dict.fromkeys(Place.__dataclass_fields__, Path("/nowhere")))
    secrets = Secrets(ami="made", sip={agent.id: "made" for agent in of.agent})
    return render(of, place=place, secrets=secrets, config=CONFIG, ami_from=("127.0.0.1",), agi_host="127.0.0.1")


def test_a_site_that_says_nothing_records_nothing() -> None:
    files = rendered(load_site(CONFIG / "sites" / "12345.toml", "127.0.0"))

    assert "Gosub(record-start" not in files["dialplan/recording.conf"]
    assert WIDEBAND not in files


def test_where_calls_are_recorded_the_recorder_is_told_its_rate_nothing_else_differs_and_the_linter_agrees() -> None:
    files = rendered(site(enabled=True))

    assert files["dialplan/recording.conf"].count("Gosub(record-start,s,1(") == 2
    assert "Playback(/nowhere/wideband,noanswer)" in files["dialplan/recording.conf"]
    assert set(files[WIDEBAND]) == {"\0"}
    assert [name for name, text in rendered(site()).items() if text != files[name]] == ["dialplan/recording.conf"]
    assert complaints(site(enabled=True)) == []


def test_the_caller_hears_an_announcement_only_where_one_is_named_and_calls_are_recorded() -> None:
    named = {"announcement": "custom/recorded"}

    assert "queue-callerannounce = custom/recorded" in rendered(site(enabled=True, **named))["queues.conf"]
    assert "queue-callerannounce" not in rendered(site(enabled=False, **named))["queues.conf"]
    assert "queue-callerannounce" not in rendered(site(enabled=True))["queues.conf"]
