"""The promise of the README's first command, kept on a bare Debian: git, a user without rights, an empty cache."""

import json
import os
import subprocess
from pathlib import Path

import pytest

BARE = Path(__file__).with_name("bare.sh")
TREE_AND_DEMO_LIMIT_S = 400
COLD_DEMO_LIMIT_S = 90


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_visitor_with_only_git_sees_the_demo_pass_in_under_ninety_seconds(suite: str) -> None:
    environment = {"CA_BUNDLE": os.environ.get("SSL_CERT_FILE", "")} | os.environ

    ended = subprocess.run(
        [BARE, suite, "demo", "--json", "--base", "101"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TREE_AND_DEMO_LIMIT_S,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["ok"]
    assert sum(seen["seconds"].values()) < COLD_DEMO_LIMIT_S
