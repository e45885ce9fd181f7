#!/usr/bin/env python3
"""Proposes every requirement of a schema, builds all of them at once, and compares what came out.

    run.py FOLDER --bin PIPEWRIGHT [--only ID]... [--keep DIR] [--dry]

FOLDER holds `source.sql` (a SQLite source) and `cases.yml`. Each requirement is read in a clone of its own of one
discovered workspace. The source is landed once, by the program. A start of dbt costs seconds, so that the dbt projects
of all cases become packages of one project, each with schemas of its own, and dbt is started once.
Runs in the runtime's Python, which has dbt and duckdb. One line a case; exit 1 if any failed.
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import compare  # noqa: E402

PROJECT = "own_cases"
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.hooksPath=/dev/null"]
WHAT = ("gold", "each", "test", "masked", "history", "question", "dag")


def call(args, cwd):
    done = subprocess.run([str(a) for a in args], cwd=cwd, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


def must(args, cwd):
    code, out, err = call(args, cwd)
    if code:
        sys.exit(f"{args}: exit {code}\n{out[-2000:]}\n{err[-2000:]}")
    return out


def describe(workspace, descriptions):
    """Descriptions that people have written in contracts: `table` or `table.column` to the text."""
    for what, text in descriptions.items():
        table, _, column = what.partition(".")
        (path,) = workspace.glob(f"contracts/*/{table}.odcs.yaml")
        contract = yaml.safe_load(path.read_text())
        schema = contract["schema"][0]
        target = next(p for p in schema["properties"] if p["name"] == column) if column else schema
        target["description"] = text
        path.write_text(yaml.safe_dump(contract, sort_keys=False, allow_unicode=True))


def make_workspace(folder, doc, pipewright, work):
    """A discovered and committed workspace, and the landed warehouse's path."""
    source, base = work / "source.sqlite", work / PROJECT
    with contextlib.closing(sqlite3.connect(source)) as con:
        con.executescript((folder / "source.sql").read_text())
        con.commit()
    base.mkdir()
    must(["git", "init", "-q", "-b", "main"], base)
    must([pipewright, "init", "--source", f"{folder.name}=sqlite:{source}", "--target", "duckdb"], base)
    must([pipewright, "discover"], base)
    describe(base, doc.get("descriptions", {}))
    must([*GIT, "add", "-A"], base)
    must([*GIT, "commit", "-qm", "workspace"], base)
    return source, base


def land(base, pipewright, work, as_of):
    """Every table of the source, loaded by the program itself."""
    clone = work / "landing" / PROJECT
    must(["git", "clone", "-q", base, clone], work)
    tables = sorted(f"{p.parent.name}.{p.name.removesuffix('.odcs.yaml')}" for p in clone.glob("contracts/*/*.yaml"))
    spec = {"version": 1, "name": "landing", "ingest": [{"table": t, "mode": "replace"} for t in tables]}
    (clone / "pipelines").mkdir(exist_ok=True)
    (clone / "pipelines/landing.yml").write_text(yaml.safe_dump(spec))
    must([*GIT, "add", "-A"], clone)
    must([*GIT, "commit", "-qm", "landing"], clone)
    must([pipewright, "regenerate"], clone)
    return json.loads(must([pipewright, "run", "--as-of", as_of, "--json"], clone))["database"]


def propose(case, base, pipewright, work, as_of):
    """Where a case was proposed, the exit code, and the answer."""
    clone = work / "cases" / case["id"]
    clone.parent.mkdir(exist_ok=True)
    must(["git", "clone", "-q", base, clone], work)
    command = [pipewright, "propose", case["requirement"], "--as-of", as_of, "--json"]
    for answer in case.get("answers", []):
        command += ["--answer", answer]
    code, out, err = call(command, clone)
    try:
        return clone, code, json.loads(out), err
    except ValueError:
        return clone, code, {}, err or out


def package(name):
    return "c_" + "".join(c if c.isalnum() else "_" for c in name)


def one_project(proposed, work):
    """One dbt project whose packages are the cases' projects; macros stand in the root, where dispatch finds them."""
    root = work / "project"
    (root / "dbt_packages").mkdir(parents=True)
    packages = []
    for case, clone in proposed:
        own = package(case["id"])
        there = root / "dbt_packages" / own
        there.mkdir()
        project = yaml.safe_load((clone / "dbt/dbt_project.yml").read_text())
        root_project = {**project, "packages-install-path": "dbt_packages"}
        project["models"] = {own: project.get("models", {}).get(project["name"], {})}
        if "snapshots" in project:
            project["snapshots"] = {own: project["snapshots"].get(project["name"], {})}
        project |= {"name": own, "macro-paths": ["none"], "profile": PROJECT}
        (there / "dbt_project.yml").write_text(yaml.safe_dump(project))
        for part in ("models", "snapshots", "tests", "seeds"):
            if (clone / "dbt" / part).is_dir():
                shutil.copytree(clone / "dbt" / part, there / part, ignore=shutil.ignore_patterns("generic"))
        for part in ("macros", "tests/generic"):
            if (clone / "dbt" / part).is_dir():
                # What describes macros is told of by each case for its own; only SQL is needed.
                ignore = shutil.ignore_patterns("*.yml", "generate_schema_name.sql")
                shutil.copytree(clone / "dbt" / part, root / part, dirs_exist_ok=True, ignore=ignore)
        packages.append({"local": f"dbt_packages/{own}"})
        last = clone
    root_project["models"] = {}
    root_project.pop("snapshots", None)
    (root / "dbt_project.yml").write_text(yaml.safe_dump(root_project))
    (root / "packages.yml").write_text(yaml.safe_dump({"packages": packages}))
    shutil.copy(last / "dbt/profiles.yml", root / "profiles.yml")
    (root / "macros").mkdir(exist_ok=True)
    (root / "macros/generate_schema_name.sql").write_text(
        "{% macro generate_schema_name(custom_schema_name, node) -%}\n"
        "{{ node.package_name }}__{{ custom_schema_name | trim if custom_schema_name else target.schema }}\n"
        "{%- endmacro %}\n"
    )
    return root


class Dbt:
    """dbt in this process, so that it is imported and the project is parsed once."""

    def __init__(self, root, database, as_of):
        os.environ |= {
            "PIPEWRIGHT_DUCKDB_PATH": database,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_TARGET_PATH": str(root / "target"),
            "DBT_LOG_PATH": str(root / "logs"),
        }
        from dbt.cli.main import dbtRunner

        self.runner = dbtRunner()
        self.about = ["--quiet", "--project-dir", root, "--profiles-dir", root, "--vars", json.dumps({"as_of": as_of})]
        self.about = [str(a) for a in self.about]

    def results(self, *args):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            done = self.runner.invoke([*args, *self.about])
        results = getattr(done.result, "results", None)
        if results is None:
            sys.exit(f"dbt {args[0]}: {done.exception or said.getvalue()[-3000:]}")
        return results


def built(dbt):
    """For each package, what failed to be built."""
    failed = {}
    for r in dbt.results("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"):
        if str(r.status) not in ("success", "pass"):
            failed.setdefault(r.node.package_name, []).append(f"{r.node.name}: {r.status}: {r.message}")
    return failed


def tested(dbt, packages):
    """For each package, its tests as `pipewright run` reports them."""
    out = {}
    if packages:
        for r in dbt.results("test", "--select", *(f"package:{p}" for p in packages)):
            column = getattr(r.node, "column_name", None)
            out.setdefault(r.node.package_name, []).append(
                {"name": r.node.name, "column": column, "status": str(r.status), "failures": r.failures}
            )
    return out


def questioned(case, clone, code, answer, err):
    """Why a question back is not the right one; None if it is."""
    if code != 3:
        return f"exit {code} where a question back was due: {err.strip()[-300:]}"
    text = json.dumps(answer.get("questions", []), ensure_ascii=False).lower()
    missing = [w for w in case["question"] if str(w).lower() not in text]
    if missing:
        return f"the question does not name {missing}: {text[:400]}"
    dirty = call(["git", "status", "--porcelain"], clone)[1].strip()
    return f"wrote {dirty}" if dirty else None


def spec(clone):
    """What a case's requirement became, without the staging on the way and what is for reviewers."""
    (path,) = clone.glob("pipelines/*.yml")
    spec = yaml.safe_load(path.read_text())
    spec["models"] = [m for m in spec.get("models", []) if not (m["name"].startswith("stg_") and len(m) == 3)]
    for part in ("version", "name", "description", "requirement", "trace"):
        spec.pop(part, None)
    return yaml.safe_dump(spec, sort_keys=False, width=160)


def run(a):
    folder = pathlib.Path(a.folder).resolve()
    doc = yaml.safe_load((folder / "cases.yml").read_text())
    as_of, cases = str(doc["as_of"]), [c for c in doc["cases"] if not a.only or c["id"] in a.only]
    if not cases:
        sys.exit(f"no case of {folder.name} is called {a.only}")
    for case in cases:
        if not any(k in case for k in WHAT):
            sys.exit(f"{case['id']} says nothing that must come out")
    work = pathlib.Path(a.keep).resolve() / folder.name if a.keep else pathlib.Path(tempfile.mkdtemp())
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    why, proposed, answers = {}, [], {}
    try:
        source_file, base = make_workspace(folder, doc, a.bin, work)
        source = compare.load(source_file)
        for case in cases:
            clone, code, answer, err = propose(case, base, a.bin, work, as_of)
            answers[case["id"]] = answer
            if "question" in case:
                why[case["id"]] = questioned(case, clone, code, answer, err)
            elif code == 3:
                asked = "; ".join(q["about"] for q in answer.get("questions", []))
                right = [w.lower() for w in case.get("or_question", [])]
                fair = right and all(w in json.dumps(answer, ensure_ascii=False).lower() for w in right)
                why[case["id"]] = None if fair else f"asked back: {asked}"
            elif code:
                why[case["id"]] = f"propose: exit {code}: {err.strip()[-400:]}"
            else:
                proposed.append((case, clone))
        if proposed and not a.dry:
            database = land(base, a.bin, work, as_of)
            dbt = Dbt(one_project(proposed, work), database, as_of)
            failed = built(dbt)
            tests = tested(dbt, [package(c["id"]) for c, _ in proposed if "test" in c])
            for case, clone in proposed:
                own = package(case["id"])
                if own in failed:
                    why[case["id"]] = f"not built: {failed[own]}"
                else:
                    result = compare.Built(database, own, answers[case["id"]], tests.get(own, []), clone)
                    why[case["id"]] = compare.check(case, result, source)
        for case, clone in proposed if a.dry else []:
            why[case["id"]] = "only proposed\n" + spec(clone)
    finally:
        if not a.keep:
            shutil.rmtree(work, ignore_errors=True)
    return report(folder.name, cases, why, answers, a)


def report(schema, cases, why, answers, a):
    passed = failed = todo = 0
    for case in cases:
        reason = why[case["id"]]
        line = f"{schema}/{case['id']}" + ("" if reason is None else f": {reason}")
        if "todo" in case and not a.dry:
            todo += 1
            print(f"todo {line}" if reason else f"DONE {line}: passes; take its `todo` away")
        else:
            passed, failed = passed + (reason is None), failed + (reason is not None)
            print(f"ok   {line}" if reason is None else f"FAIL {line}")
        if a.only or a.verbose:
            print(f"     > {' '.join(case['requirement'].split())}")
            for t in answers[case["id"]].get("trace", []):
                print(f"     {t['words']!r} -> {', '.join(t.get('became', []))}")
    print(f"{schema}: {passed} passed, {failed} failed, {todo} to do", flush=True)
    return failed == 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("--bin", required=True)
    p.add_argument("--only", action="append")
    p.add_argument("--keep", help="leave everything that was made in this folder")
    p.add_argument("--dry", action="store_true", help="propose only")
    p.add_argument("--verbose", action="store_true")
    sys.exit(0 if run(p.parse_args()) else 1)


if __name__ == "__main__":
    main()
