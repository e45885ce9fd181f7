#!/usr/bin/env python3
"""CPU seconds that a DAG file adds to Airflow's own import; run it with the Python that has Airflow.

dag_import.py smallest DAG_FILE OUT    writes the smallest static file with as many BashOperators and the same edges
dag_import.py FILE...                  imports each in processes of their own, in turn, and prints the medians
"""

import json
import os
import statistics
import subprocess
import sys
import time

ROUNDS = int(os.environ.get("ROUNDS", "7"))


def load(path: str):
    import runpy

    found = runpy.run_path(path)
    return next(v for v in found.values() if type(v).__name__ == "DAG" and hasattr(v, "task_dict"))


def once(path: str) -> None:
    """What both files import is imported before the clock starts."""
    import pendulum  # noqa: F401
    from airflow.providers.standard.operators.bash import BashOperator  # noqa: F401
    from airflow.sdk import DAG, Asset, Param, TaskGroup  # noqa: F401

    before = time.process_time()
    dag = load(path)
    print(json.dumps({"own": before, "added": time.process_time() - before, "tasks": len(dag.task_dict)}))


def smallest(path: str, out: str) -> None:
    dag = load(path)
    number = {task_id: i for i, task_id in enumerate(dag.task_dict)}
    lines = [
        "import pendulum",
        "from airflow.providers.standard.operators.bash import BashOperator",
        "from airflow.sdk import DAG",
        "",
        'with DAG(dag_id="smallest", schedule="0 6 * * *", start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:',
    ]
    lines += [f'    t{i} = BashOperator(task_id="t{i}", bash_command="true")' for i in number.values()]
    after: dict[tuple[int, ...], list[int]] = {}
    for task_id, task in dag.task_dict.items():
        before = tuple(sorted(number[up] for up in task.upstream_task_ids))
        if before:
            after.setdefault(before, []).append(number[task_id])
    for before, tasks in after.items():
        one = [f"t{i}" for i in before]
        many = [f"t{i}" for i in tasks]
        if len(one) == 1:
            lines.append(f"    {one[0]} >> [{', '.join(many)}]")
        else:
            lines += [f"    [{', '.join(one)}] >> {task}" for task in many]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def compare(paths: list[str]) -> None:
    seen: dict[str, list[dict]] = {path: [] for path in paths}
    for _ in range(ROUNDS):
        for path in paths:
            answer = subprocess.run([sys.executable, __file__, "once", path], check=True, capture_output=True, text=True)
            seen[path].append(json.loads(answer.stdout.splitlines()[-1]))
    first = None
    for path, rounds in seen.items():
        added = statistics.median(r["added"] for r in rounds)
        first = first or added
        own = statistics.median(r["own"] for r in rounds)
        name = os.path.basename(path)
        print(f"| {name} | {rounds[0]['tasks']} | {own:.2f} | {added:.3f} | {added / first:.2f} |")


def main() -> None:
    match sys.argv[1:]:
        case ["once", path]:
            once(path)
        case ["smallest", path, out]:
            smallest(path, out)
        case paths:
            compare(paths)


if __name__ == "__main__":
    main()
