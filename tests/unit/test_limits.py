"""How many lines a command that lists prints: what is no number of them is refused before anything is asked."""

import pytest

from hub.__main__ import main

LISTING = (("notice", "list", "--for", "sunrise"), ("matter", "list"), ("work", "list"), ("ask", "disclosed"))


@pytest.mark.parametrize("limit", ["-1", "0", "10001", "9" * 20, "many", "1.5", "\u0661"])
@pytest.mark.parametrize("command", LISTING)
def test_a_limit_that_is_none_is_refused(command, limit, capsys):
    with pytest.raises(SystemExit) as refused:
        main([*command, f"--limit={limit}"])
    assert refused.value.code == 2
    assert capsys.readouterr().err.endswith("argument --limit: 1 to 10,000\n")
