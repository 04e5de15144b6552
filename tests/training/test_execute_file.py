"""Jobs from a file: those that are done are passed over."""

from __future__ import annotations

from pathlib import Path

from ftbench.training.execute import done_jobs


def test_only_jobs_with_a_recorded_end_are_passed_over(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    assert done_jobs(events) == set()
    lines = ['{"event":"started","digest":"a"}', '{"event":"done","digest":"a"}']
    lines += ['{"event":"started","digest":"b"}', '{"event":"failed","digest":"b","outcome":"oom"}']
    events.write_text("\n".join([*lines, '{"event":"started","digest":"c"}']) + "\n")
    assert done_jobs(events) == {"a"}
