"""JUnit XML: one test case a script, with the sentence of the expectation that failed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from softphone_sim.run.play import Result


def write_junit(results: Sequence[Result], file: Path) -> None:
    """Write the report; its folder is made when it is missing."""
    suite = ET.Element(
        "testsuite",
        name="softphone-sim",
        tests=str(len(results)),
        failures=str(sum(not result.ok for result in results)),
        errors="0",
        skipped="0",
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    if results:
        suite.set("timestamp", datetime.fromtimestamp(results[0].began_ns / 1e9, UTC).isoformat(timespec="seconds"))
    for result in results:
        case = ET.SubElement(
            suite, "testcase", classname=result.file.stem, name=result.name, time=f"{result.seconds:.3f}"
        )
        if result.failure is not None:
            failure = ET.SubElement(case, "failure", message=xml_text(result.failure), type="expectation")
            failure.text = xml_text(result.failure)
        ET.SubElement(case, "system-out").text = xml_text("\n".join(_lines(result)))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _lines(result: Result) -> list[str]:
    return [f"{(entry.time_ns - result.began_ns) / 1e9:.3f} {entry.who} {entry.what}" for entry in result.timeline]


def xml_text(text: str) -> str:
    """The text without the control characters that XML 1.0 forbids (§2.2)."""
    return "".join(char for char in text if char >= " " or char in "\t\n")
