"""a: "b" # {{ env_var('X') }} {% do x %}
---
''' ""\" \\

-- */ ; drop table x; {# c #} }} %} '' " ` $(touch x) `id` %s %(a)s {0}

emoji 💥👩‍🚀 rtl \u202eabc\u202c \u200fשלום zero\u200bwidth bom\ufeff nel\u0085 ls\u2028
\u0007bell del\u007f
Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes'
and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{
x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
'quotes' and "more" {{ x }}. Sätze über Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über
Bestellungen, with 'quotes' and "more" {{ x }}. Sätze über Bestellungen, with
"""

import json
import os
import urllib.request
from datetime import timedelta

import pendulum

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Asset, Param, TaskGroup
except ImportError:  # Airflow 2.10
    from airflow.datasets import Dataset as Asset
    from airflow.models.dag import DAG
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator
    from airflow.utils.task_group import TaskGroup

WORKSPACE = os.environ.get("PIPEWRIGHT_WORKSPACE", "/opt/pipewright/workspace")
BIN = os.environ.get("PIPEWRIGHT_RUNTIME_BIN", "/opt/pipewright/runtime/bin")
TARGET = os.environ.get("PIPEWRIGHT_TARGET", "prod")
DATE_OR_TIME = r"^(\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?)?$"
# The end of the period that a run answers for: asked for, else the interval's end, else now (UTC).
AS_OF = (
    "{{ params.as_of or (data_interval_end if data_interval_end is defined and data_interval_end"
    " else dag_run.run_after) | ds }}"
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


def load(task_id: str, script: str, **kwargs) -> BashOperator:
    return run(
        task_id,
        f'"$BIN/python" ingest/{script}.py --target "$TARGET" --as-of "$AS_OF"',
        cwd=WORKSPACE,
        **kwargs,
    )


def dbt(task_id: str, command: str, select: str, **kwargs) -> BashOperator:
    return run(
        task_id,
        f'"$BIN/dbt" {command} --profiles-dir . --target "$TARGET"'
        f' --select {select} --vars \'{{"as_of": "\'"$AS_OF"\'"}}\'',
        cwd=f"{WORKSPACE}/dbt",
        **kwargs,
    )


def alert(context) -> None:
    """Tell Slack that a task failed; the webhook's address is a secret of the deployment."""
    task, url = context["task_instance"], os.environ.get("SLACK_WEBHOOK_URL", "")
    if not url.startswith("https://"):
        print("SLACK_WEBHOOK_URL is not set: nobody is told")
        return
    text = f"{task.dag_id}.{task.task_id} failed in run {task.run_id}"
    body = json.dumps({"channel": "#data-alerts", "text": text}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


with DAG(
    dag_id="daily_customer_orders",
    description="a: \"b\" # {{ env_var('X') }} {% do x %}\n---\n''' \"\"\" \\",
    doc_md=__doc__,
    schedule="30 6 * * 1-5",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1 if TARGET == "dev" else 16,  # a DuckDB file has one writer
    dagrun_timeout=timedelta(hours=2),
    tags=["a: \"b\" # {{ env_var('X') }} {%", "yes", "#x"],
    default_args={
        "owner": "'quoted' \"start and end\"",
        "retries": int(os.environ.get("PIPEWRIGHT_RETRIES", "2")),
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=1),
        "on_failure_callback": alert,
    },
) as dag:
    ingest = load("ingest", "daily_customer_orders")
    with TaskGroup("transform"):
        staging = dbt("staging", "build", "stg_shop__customers stg_shop__orders")
        marts = dbt(
            "marts",
            "build",
            "daily_customer_orders",
            outlets=[Asset("pipewright://shop_analytics/marts/daily_customer_orders")],
        )
    ingest >> staging
    staging >> marts
    # Last: every task copies the parameters that are there when it is made.
    dag.params["as_of"] = Param("", type="string", pattern=DATE_OR_TIME)  # noqa: AIR311
