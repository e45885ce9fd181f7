//! What people do to DAGs and ingestion scripts, and what the generator does to the same file.

#![allow(clippy::unwrap_used)]

use super::python::{holds, merge};

const DAG: &str = "\
\"\"\"Orders per day.\"\"\"

import os
from datetime import timedelta

import pendulum

try:
    from airflow.sdk import DAG, Asset
except ImportError:  # Airflow 2.10
    from airflow.models.dag import DAG

WORKSPACE = os.environ.get(\"PIPEWRIGHT_WORKSPACE\", \"/opt\")


def load(task_id: str, **kwargs):
    return run(
        task_id,
        cwd=WORKSPACE,
        **kwargs,
    )


with DAG(
    dag_id=\"daily\",
    schedule=\"0 6 * * *\",
    tags=[\"pipewright\", \"shop\"],
    default_args={
        \"owner\": \"data-team\",
        \"retries\": int(os.environ.get(\"PIPEWRIGHT_RETRIES\", \"2\")),
    },
) as dag:
    ingest = load(\"ingest\", \"daily\")
    with TaskGroup(\"transform\"):
        staging = dbt(\"staging\", \"run\", \"stg_orders\")
        marts = dbt(\"marts\", \"run\", \"daily\")
    ingest >> staging
    staging >> marts
    # Last.
    dag.params[\"as_of\"] = Param(\"\", type=\"string\")  # noqa: AIR311
";

const INGEST: &str = "\
import os

from pipewright_load import Column, Pipeline, Table, main, sqlite

TABLES = (
    Table(
        name=\"customers\",
        key=(\"customer_id\",),
        columns=(
            Column(\"customer_id\", \"bigint\", nullable=False),
            Column(\"phone\", \"text\"),
        ),
    ),
    Table(
        name=\"orders\",
        columns=(Column(\"order_id\", \"bigint\"),),
    ),
)
PIPELINE = Pipeline(
    name=\"p\",
    tables=TABLES,
    sources={\"dev\": lambda: sqlite(\"shop.sqlite\")},
)

if __name__ == \"__main__\":
    main(PIPELINE)
";

fn change(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in\n{text}");
        text.replacen(from, to, 1)
    })
}

type Edits<'a> = &'a [(&'a str, &'a str)];

#[track_caller]
fn gives(base: &str, people: Edits<'_>, generator: Edits<'_>, result: Edits<'_>) {
    let edited = change(base, people);
    let woven = merge(base, &edited, &change(base, generator)).unwrap();
    assert_eq!(woven.text, change(&edited, result));
    assert_eq!((woven.clean, woven.notes), (true, vec![]));
}

#[test]
fn arguments_by_keyword() {
    gives(
        DAG,
        &[("    schedule=\"0 6 * * *\",\n", "    schedule=\"0 6 * * *\",\n    retries=3,  # ours\n")],
        &[("0 6 * * *", "0 7 * * *"), ("    tags=", "    catchup=False,\n    tags=")],
        &[("0 6 * * *\",\n", "0 7 * * *\",\n    catchup=False,\n")],
    );
    gives(
        DAG,
        &[("Param(\"\", type=\"string\")", "Param(\"\", type=\"string\", description='mine')")],
        &[("Param(\"\", type=\"string\")", "Param(\"\", type=\"string\", pattern=P)")],
        &[("type=\"string\",", "type=\"string\", pattern=P,")],
    );
}

#[test]
fn lists_and_dictionaries() {
    gives(
        DAG,
        &[
            ("[\"pipewright\", \"shop\"]", "['pipewright', 'shop', 'mine']"),
            ("\"owner\": \"data-team\"", "\"owner\": \"me\""),
        ],
        &[
            ("\"shop\"]", "\"shop\", \"new\"]"),
            ("\"2\"", "\"3\""),
            ("        \"retries\"", "        \"delay\": 5,\n        \"retries\""),
        ],
        &[
            ("'shop'", "'shop', \"new\""),
            ("\"2\"", "\"3\""),
            ("        \"retries\"", "        \"delay\": 5,\n        \"retries\""),
        ],
    );
}

#[test]
fn tasks_of_people_stay_with_their_dependencies() {
    gives(
        DAG,
        &[
            (
                "    ingest >> staging\n",
                "    # Ours.\n    notify = Notify(task_id=\"notify\")\n    ingest >> staging\n",
            ),
            ("    staging >> marts\n", "    staging >> marts\n    marts >> notify\n"),
            ("\"stg_orders\"", "\"stg_orders +mine\""),
        ],
        &[
            (
                "        marts = dbt(\"marts\", \"run\", \"daily\")\n",
                "        middle = dbt(\"middle\", \"run\", \"int\")\n        marts = dbt(\"marts\", \"run\", \"daily\")\n",
            ),
            ("    staging >> marts\n", "    staging >> middle\n    middle >> marts\n"),
        ],
        &[
            (
                "        marts = dbt(\"marts\", \"run\", \"daily\")\n",
                "        middle = dbt(\"middle\", \"run\", \"int\")\n        marts = dbt(\"marts\", \"run\", \"daily\")\n",
            ),
            (
                "    staging >> marts\n    marts >> notify\n",
                "    staging >> middle\n    middle >> marts\n    marts >> notify\n",
            ),
        ],
    );
}

#[test]
fn imports_are_a_sorted_set() {
    gives(
        DAG,
        &[("import os\n", "import json\nimport os\n"), ("DAG, Asset\n", "DAG, Asset, task\n")],
        &[
            ("import os\n", "import os\nimport re\n"),
            ("DAG, Asset\n", "DAG, Asset, TaskGroup\n"),
            ("import pendulum\n", "import dlt\nimport pendulum\n"),
        ],
        &[
            ("import os\n", "import os\nimport re\n"),
            ("Asset, task", "Asset, TaskGroup, task"),
            ("import pendulum\n", "import dlt\nimport pendulum\n"),
        ],
    );
    gives(
        INGEST,
        &[("main, sqlite", "main, postgres, sqlite")],
        &[("Table, main", "Table, Window, main")],
        &[("Table, main", "Table, Window, main")],
    );
}

#[test]
fn tables_and_columns_by_name() {
    gives(
        INGEST,
        &[(
            "            Column(\"phone\", \"text\"),\n",
            "            Column(\"phone\", \"text\", description=\"mine\"),\n            Column(\"own\", \"text\"),\n",
        )],
        &[
            ("\"phone\", \"text\"", "\"phone\", \"text\", nullable=False"),
            ("            Column(\"phone\"", "            Column(\"e_mail\", \"text\"),\n            Column(\"phone\""),
            (
                "(Column(\"order_id\", \"bigint\"),)",
                "(Column(\"order_id\", \"bigint\"), Column(\"total\", \"double\"))",
            ),
        ],
        &[
            ("\"phone\", \"text\"", "\"phone\", \"text\", nullable=False"),
            ("            Column(\"phone\"", "            Column(\"e_mail\", \"text\"),\n            Column(\"phone\""),
            (
                "(Column(\"order_id\", \"bigint\"),)",
                "(Column(\"order_id\", \"bigint\"), Column(\"total\", \"double\"))",
            ),
        ],
    );
    // Another name for the same column keeps what people added to it.
    gives(
        INGEST,
        &[("\"phone\", \"text\"", "\"phone\", \"text\", description=\"mine\"")],
        &[("\"phone\", \"text\"", "\"telephone\", \"text\"")],
        &[("\"phone\", \"text\"", "\"telephone\", \"text\"")],
    );
}

#[test]
fn functions_of_both_sides() {
    gives(
        DAG,
        &[
            ("\n\nwith DAG(\n", "\n\ndef mine():\n    return 1\n\n\nwith DAG(\n"),
            ("        cwd=WORKSPACE,\n", "        cwd=WORKSPACE,\n        pool=\"mine\",\n"),
        ],
        &[
            ("        cwd=WORKSPACE,\n", "        cwd=f\"{WORKSPACE}/x\",\n"),
            ("\n\nwith DAG(\n", "\n\ndef theirs():\n    text = \"\"\"a\n  b\"\"\"\n    return text\n\n\nwith DAG(\n"),
        ],
        &[
            ("        cwd=WORKSPACE,\n", "        cwd=f\"{WORKSPACE}/x\",\n"),
            ("\n\ndef mine", "\n\ndef theirs():\n    text = \"\"\"a\n  b\"\"\"\n    return text\n\n\ndef mine"),
        ],
    );
}

#[test]
fn conflicts_are_as_small_as_they_can_be() {
    let edited = change(DAG, &[("0 6 * * *", "0 5 * * *"), ("\"data-team\"", "\"me\"")]);
    let woven = merge(DAG, &edited, &change(DAG, &[("0 6 * * *", "0 7 * * *"), ("\"2\"", "\"3\"")])).unwrap();
    assert!(!woven.clean);
    let marked = "<<<<<<< yours\n    schedule=\"0 5 * * *\",\n||||||| generated before\n    schedule=\"0 6 * * *\",\n=======\n    schedule=\"0 7 * * *\",\n>>>>>>> generated now\n";
    assert_eq!(woven.text, change(&edited, &[("    schedule=\"0 5 * * *\",\n", marked), ("\"2\"", "\"3\"")]));
    // A task that people changed and that is generated no more.
    let edited = change(DAG, &[("\"stg_orders\"", "\"stg_orders\", pool=\"mine\"")]);
    let new = change(
        DAG,
        &[
            ("        staging = dbt(\"staging\", \"run\", \"stg_orders\")\n", ""),
            ("    ingest >> staging\n    staging >> marts\n", "    ingest >> marts\n"),
        ],
    );
    let woven = merge(DAG, &edited, &new).unwrap();
    assert!(!woven.clean);
    assert!(woven.text.contains(
        "<<<<<<< yours\n        staging = dbt(\"staging\", \"run\", \"stg_orders\", pool=\"mine\")\n|||||||"
    ));
    assert!(woven.text.contains("\n    ingest >> marts\n"));
}

#[test]
fn what_people_took_out_stays_out() {
    let edited = change(DAG, &[("    staging >> marts\n", ""), ("    tags=[\"pipewright\", \"shop\"],\n", "")]);
    let woven = merge(DAG, &edited, &change(DAG, &[("\"shop\"]", "\"crm\"]"), ("0 6", "0 7")])).unwrap();
    assert_eq!(woven.text, change(&edited, &[("0 6", "0 7")]));
    assert_eq!(woven.notes, ["`with DAG daily.tags` was taken out by hand, so it stays out"]);
}

#[test]
fn what_is_no_python_is_not_merged() {
    for broken in ["x = (\n", "if x:\n\ty()\n", "def f(:\n"] {
        assert_eq!(merge("x = 1\n", broken, "x = 2\n"), None, "{broken}");
        assert_eq!(merge("x = 1\n", "x = 2\n", broken), None, "{broken}");
    }
    // Order counts where it changes.
    let woven = merge("a = 1\nb = 2\nc = 3\n", "a = 9\nb = 2\nc = 3\n", "c = 3\nb = 2\na = 1\n");
    assert!(woven.is_none_or(|w| !w.clean));
    // A tuple of one keeps its comma.
    let woven = merge("x = (\"a\", \"b\")\ny = 1\n", "x = ('a', 'b')\ny = 2\n", "x = (\"a\",)\ny = 1\n").unwrap();
    assert_eq!(woven.text, "x = (\"a\",)\ny = 2\n");
    assert!(!holds("import a\n", "import a\n", "import a\nimport a\n", None));
}

#[test]
fn odd_texts_never_panic() {
    for (base, new) in [
        (DAG, change(DAG, &[("0 6", "0 7"), ("\"2\"", "\"3\""), ("staging >> marts", "staging >> x >> marts")])),
        (
            INGEST,
            change(INGEST, &[("\"phone\", \"text\"", "\"phone\", \"date\""), ("name=\"orders\"", "name=\"sales\"")]),
        ),
    ] {
        let lines: Vec<&str> = base.split_inclusive('\n').collect();
        for i in 0..lines.len() {
            for with in [
                vec![],
                vec![lines[i], lines[i]],
                vec!["    mine = 1\n"],
                vec!["mine = 1\n", lines[i]],
                vec!["        mine=1,\n"],
            ] {
                let edited = [&lines[..i], &with, &lines[i + 1..]].concat().concat();
                if let Some(woven) = merge(base, &edited, &new) {
                    assert!(!edited.contains("mine") || woven.text.contains("mine"), "{edited}\n---\n{}", woven.text);
                }
                let _ = merge(&edited, base, &new);
                let _ = merge(base, &new, &edited);
            }
        }
        for i in (0..base.len()).step_by(3) {
            let _ = merge(base, &base[..i], &new);
        }
    }
}
