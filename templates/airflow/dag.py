[#- One static file a pipeline: Airflow 3, and 2.10. Nothing is read and nothing is imported but Airflow. -#]
"""[[ doc ]][[ "\n" if "\n" in doc ]]"""

[% if alerts %]
import json
[% endif %]
import os
[% if alerts %]
import urllib.request
[% endif %]
from datetime import timedelta

import pendulum

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import [[ sdk | join(', ') ]]
except ImportError:  # Airflow 2.10
[% if 'Asset' in sdk %]
    from airflow.datasets import Dataset as Asset
[% endif %]
    from airflow.models.dag import DAG
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator
[% if 'TaskGroup' in sdk %]
    from airflow.utils.task_group import TaskGroup
[% endif %]

WORKSPACE = os.environ.get("PIPEWRIGHT_WORKSPACE", "/opt/pipewright/workspace")
BIN = os.environ.get("PIPEWRIGHT_RUNTIME_BIN", "/opt/pipewright/runtime/bin")
TARGET = os.environ.get("PIPEWRIGHT_TARGET", "[[ default_target ]]")
DATE_OR_TIME = r"^(\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?)?$"
# The end of the period that a run answers for: asked for, else the interval's end, else now (UTC).
AS_OF = (
    "{{ params.as_of or (data_interval_end if data_interval_end is defined and data_interval_end"
    " else dag_run.run_after)[% if as_of == 'day' %] | ds[% else %].strftime('%Y-%m-%d %H:%M:%S')[% endif %] }}"
)
ENV = {"AS_OF": AS_OF, "BIN": BIN, "TARGET": TARGET}


def run(task_id: str, command: str, **kwargs) -> BashOperator:
    """A task that runs a command of the runtime; `as_of` reaches it as a variable, not as text."""
    return BashOperator(
        task_id=task_id,
        bash_command=command,
        env=ENV,
        append_env=True,
        **kwargs,
    )


[% if ingests %]
def load(task_id: str, script: str, **kwargs) -> BashOperator:
    return run(
        task_id,
        f'"$BIN/python" ingest/{script}.py --target "$TARGET" --as-of "$AS_OF"',
        cwd=WORKSPACE,
        **kwargs,
    )


[% endif %]
[% if transforms %]
def dbt(task_id: str, command: str, select: str, **kwargs) -> BashOperator:
    return run(
        task_id,
        f'"$BIN/dbt" {command} --profiles-dir . --target "$TARGET"'
        f' --select {select} --vars \'{{"as_of": "\'"$AS_OF"\'"}}\'',
        cwd=f"{WORKSPACE}/dbt",
        **kwargs,
    )


[% endif %]
[% for alert in alerts %]
def [[ alert.function ]](context) -> None:
    """Tell Slack that a task failed; the webhook's address is a secret of the deployment."""
    task, url = context["task_instance"], os.environ.get([[ alert.env ]], "")
    if not url.startswith("https://"):
        print([[ alert.missing ]])
        return
    text = f"{task.dag_id}.{task.task_id} failed in run {task.run_id}"
    body = json.dumps({"channel": [[ alert.channel ]], "text": text}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


[% endfor %]
with DAG(
    dag_id="[[ name ]]",
    description=[[ description ]],
    doc_md=__doc__,
    schedule=[[ schedule ]],
    start_date=pendulum.datetime(2026, 1, 1, tz=[[ timezone ]]),
    catchup=False,
    max_active_runs=1,
[% if one_writer %]
    max_active_tasks=1 if TARGET == "dev" else 16,  # a DuckDB file has one writer
[% endif %]
    dagrun_timeout=timedelta(hours=2),
    tags=[[ tags ]],
    default_args={
        "owner": [[ owner ]],
        "retries": int(os.environ.get("PIPEWRIGHT_RETRIES", "[[ retries ]]")),
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=1),
[% if alerts %]
        "on_failure_callback": [[ callback ]],
[% endif %]
    },
) as dag:
[% for block in blocks %]
[% if block.group is defined %]
    with TaskGroup("[[ block.group ]]"):
[% for task in block.tasks %]
        [[ task ]]
[% endfor %]
[% else %]
    [[ block.task ]]
[% endif %]
[% endfor %]
[% for edge in edges %]
    [[ edge ]]
[% endfor %]
    # Last: every task copies the parameters that are there when it is made.
    dag.params["as_of"] = Param("", type="string", pattern=DATE_OR_TIME)  # noqa: AIR311
