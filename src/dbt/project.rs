//! Reading a project: packages, YAML, macros, then the names of all nodes, then the SQL of each.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::again::{self, Reading};
use super::index::Index;
use super::jinja::library::{DBT, Library};
use super::jinja::names::{Target, World};
use super::jinja::relation::identifier;
use super::jinja::{Engine, STACK, broken_jinja, mentions};
use super::nodes::{self, Draft, drafts};
use super::packages::{self, Folder, Package, Packages};
use super::properties::Properties;
use super::vars::Vars;
use super::{Exposure, Kind, NodeId, Project, Settings, Tree, body, generic, profile, units, yaml};
use crate::sql::Text;
use crate::sql::jinja::REF_SCHEMA;
use crate::template;
use crate::vocabulary::{Diagnostic, Place};

/// Reads the project in `tree`, sharing what is alike in `before`.
pub(super) fn read(tree: &Tree, settings: &Settings, before: Option<&Project>) -> Project {
    // Macros call each other from template to template, which takes more stack than threads have by themselves.
    match rayon::ThreadPoolBuilder::new().stack_size(STACK).build() {
        Ok(pool) => pool.install(|| match before.and_then(|before| again::read(tree, settings, before)) {
            Some(project) => project,
            None => whole(tree, settings, before),
        }),
        Err(error) => {
            let fault = Diagnostic::error("threads", format!("no thread can be started: {error}"));
            Project { findings: vec![fault], ..Project::default() }
        }
    }
}

fn whole(tree: &Tree, settings: &Settings, before: Option<&Project>) -> Project {
    let said = early(settings);
    let (packages, missing, projects) = match packages::find(tree, &settings.root, &said) {
        Ok(Packages { found, missing, projects }) => (found, missing, projects),
        Err((file, broken)) => {
            let fault = match (broken, tree.get(&file)) {
                (Some(broken), Some(text)) => broken_yaml(&file, text, &broken),
                _ => Diagnostic::error("no-project", "there is no dbt project here")
                    .at(Place::file(file))
                    .next("name the folder that holds `dbt_project.yml`"),
            };
            return Project { findings: vec![fault], ..Project::default() };
        }
    };
    let root = &packages[0];
    let mut findings = nowhere(tree, root);
    let target = profile::target(tree, settings, root.yaml.str("profile").unwrap_or_default(), &root.folder);
    findings.extend(profile::unread(&target.adapter).map(|called| {
        body::unread(called)
            .at(Place::file(format!("{}dbt_project.yml", root.folder)))
            .why("its models are counted as unknown")
            .next("if it runs on another database, say so: `check: {dialect: …}`, `--dialect`")
    }));
    let mut library = library(tree, &packages, &mut findings);
    library.adapters = profile::prefixes(&target.adapter);
    (library.missing, library.projects) = (missing, projects);
    let properties = properties(tree, &packages, &mut findings);
    let world = Arc::new(World {
        library: library.into(),
        vars: vars(&packages, settings),
        env: settings.env.clone(),
        target,
        index: OnceLock::new(),
    });
    let engine = Engine::new(world.clone());
    let (mut drafts, more) = drafts(tree, &packages, &properties, &engine);
    findings.extend(more);
    if !drafts.iter().any(|d| d.package == 0 && d.entry.kind == Kind::Model) {
        findings.extend(beside(tree, root));
    }
    drafts.sort_by(|a, b| a.entry.id.cmp(&b.entry.id).then(a.entry.disabled.cmp(&b.entry.disabled)));
    findings.extend(duplicates(&mut drafts));
    findings.extend(generic::unknown(tree, &drafts, &world.library));
    for (id, draft) in drafts.iter_mut().enumerate() {
        let name = identifier(world.target.dialect, &draft.entry.identifier);
        Arc::make_mut(&mut draft.entry).stand_in = format!("{REF_SCHEMA}{id}.{name}").into();
    }
    let entries = drafts.iter().map(|d| d.entry.clone()).collect();
    let index = Index::new(entries, drafts.iter().map(|d| d.described.clone()).collect());
    world.index.get_or_init(|| index);
    let made = drafts.par_iter().enumerate();
    let made = made.map(|(id, draft)| body::node(&engine, settings.manifest.as_deref(), id as NodeId, draft)).collect();
    let exposures = exposures(&properties[0], &world, root, &mut findings);
    let unit_tests = world.index.get().map(|index| units::all(&properties[0].unit_tests, index, &root.name));
    let yaml = |path: &str| [".yml", ".yaml"].iter().any(|end| path.ends_with(end));
    let texts = tree.iter().filter(|(path, _)| yaml(path)).map(|(path, text)| (path.clone(), Arc::clone(text)));
    let project = Project {
        name: root.name.clone(),
        folder: root.folder.clone(),
        dialect: world.target.dialect,
        exposures,
        unit_tests: unit_tests.unwrap_or_default(),
        texts: texts.collect(),
        ..Project::default()
    };
    let (tree, settings) = (tree.clone(), settings.clone());
    Reading { tree, settings, packages: packages.into(), properties: properties.into(), world, drafts, made, findings }
        .project(project, before)
}

/// What a text of `dbt_project.yml` says, before anything but the settings is known.
fn early(settings: &Settings) -> impl Fn(&str) -> String + use<> {
    let mut library = Library::default();
    library.package("");
    let world = World {
        library: library.into(),
        vars: Vars { given: settings.vars.clone(), ..Vars::default() },
        env: settings.env.clone(),
        target: Target::default(),
        index: OnceLock::new(),
    };
    let engine = Engine::new(Arc::new(world));
    move |text| nodes::text_in_yaml(&engine, &nodes::run(&engine, 0), text)
}

/// Folders of models that the environment names, and that are not there: nothing would be read, and nothing said.
fn nowhere(tree: &Tree, root: &Package) -> Vec<Diagnostic> {
    let file = format!("{}dbt_project.yml", root.folder);
    let Some(text) = tree.get(&file) else { return Vec::new() };
    let fault = |yaml: &yaml::Yaml| {
        let fault = Diagnostic::error("no-project", "there are no models where `model-paths` says")
            .why("the name of the folder comes from the environment")
            .next("set it: `check: {env: {NAME: …}}` in `pipewright.yml`");
        Text::new(&file, "", text).fault(fault, yaml.at, yaml.text().map_or(1, |t| t.chars().count()))
    };
    root.empty(tree).map(fault).collect()
}

/// A query beside the folders of a project that has no models: nothing would be read, and nothing said.
fn beside(tree: &Tree, root: &Package) -> Option<Diagnostic> {
    let projects: Vec<&str> = tree.keys().filter_map(|p| p.strip_suffix("dbt_project.yml")).collect();
    let nearest = |path: &str| projects.iter().filter(|p| path.starts_with(**p)).max_by_key(|p| p.len());
    let analyses = root.yaml.get("analysis-paths").map(yaml::Yaml::texts).unwrap_or_default();
    let other = |path: &str| {
        let below = &path[root.folder.len()..];
        ["analyses", "analysis", "dbt_packages", "dbt_modules", "target"]
            .iter()
            .copied()
            .chain(analyses.iter().map(String::as_str))
            .any(|f| below.strip_prefix(f).is_some_and(|rest| rest.starts_with('/')))
    };
    let (path, _) = tree.iter().find(|(path, text)| {
        path.ends_with(".sql")
            && path.starts_with(&root.folder)
            && nearest(path) == Some(&root.folder.as_str())
            && !other(path)
            && root.place(path).is_none()
            && ["ref(", "source("].iter().any(|asked| text.contains(asked))
    })?;
    let fault = Diagnostic::error("no-project", "there are no models where `model-paths` says")
        .why(format!("`{path}` reads models or sources, and is in no folder that is named"))
        .next("name its folder in `model-paths`");
    Some(fault.at(Place::file(format!("{}dbt_project.yml", root.folder))))
}

/// The finding for YAML that can't be read.
fn broken_yaml(file: &str, text: &str, broken: &yaml::Broken) -> Diagnostic {
    let fault = Diagnostic::error("yaml-syntax", format!("this YAML is not understood: {}", broken.what));
    Text::new(file, "", text).fault(fault, broken.at, 1)
}

fn vars(packages: &[Package], settings: &Settings) -> Vars {
    Vars {
        given: settings.vars.clone(),
        project: packages[0].vars(),
        packages: packages[1..].iter().map(|p| (p.name.clone(), p.vars())).collect(),
    }
}

/// Where the stand-ins for macros of packages are, a folder a package.
const STAND_INS: &str = "dbt_macros/";

/// The one of them whose macros are asked before those of installed packages.
const INSTEAD: &str = "instead";

fn library(tree: &Tree, packages: &[Package], findings: &mut Vec<Diagnostic>) -> Library {
    let mut library = Library::default();
    for package in packages {
        let id = library.package(&package.name);
        for (folder, path) in package.files(tree) {
            // Macros stand in their own folders, and generic tests beside the other tests.
            let text = &tree[path];
            if !path.ends_with(".sql") || !(folder == Folder::Macros || folder == Folder::Tests && ends_test(text)) {
                continue;
            }
            match library.add(id, path, text) {
                Ok(twice) => findings.extend(twice.into_iter().filter(|_| id == 0).map(|(name, at)| {
                    let fault = Diagnostic::error("duplicate-name", format!("there are two macros `{name}`"));
                    Text::new(path, "", text).fault(fault, at, name.len())
                })),
                Err(broken) => {
                    library.unread = true;
                    findings.extend((id == 0).then(|| broken_jinja(path, text, &broken)));
                }
            }
        }
    }
    for entry in packages[0].yaml.list("dispatch") {
        if let (Some(space), Some(order)) = (entry.str("macro_namespace"), entry.get("search_order")) {
            library.dispatch.insert(space.to_owned(), order.texts());
        }
    }
    for path in template::list(STAND_INS) {
        let name = path[STAND_INS.len()..].split('/').next().unwrap_or_default();
        let installed = library.find_package(name).filter(|id| !library.packages[*id].stand_in);
        if name != DBT && installed.is_some() {
            continue;
        }
        let id = library.package(name);
        library.packages[id].stand_in = true;
        if let Some(text) = template::text(path) {
            // Ours are read by the tests; what is broken in them is not the user's.
            let _ = library.add(id, path, &Arc::from(text));
        }
    }
    if let Some(ours) = library.find_package(INSTEAD) {
        library.stand_before(ours);
    }
    library
}

/// Whether a file may hold a generic test.
fn ends_test(text: &str) -> bool {
    text.contains("endtest") || text.contains("enddata_test")
}

fn properties(tree: &Tree, packages: &[Package], findings: &mut Vec<Diagnostic>) -> Vec<Properties> {
    let files: Vec<(usize, &str)> = packages
        .iter()
        .enumerate()
        .flat_map(|(id, p)| p.files(tree).into_iter().map(move |(_, path)| (id, path)))
        .filter(|(_, path)| path.ends_with(".yml") || path.ends_with(".yaml"))
        .collect();
    let read: Vec<_> = files.par_iter().map(|(_, path)| yaml::read(&tree[*path])).collect();
    let mut out: Vec<Properties> = packages.iter().map(|_| Properties::default()).collect();
    for ((id, path), yaml) in files.into_iter().zip(read) {
        let text = &tree[path];
        match yaml {
            Ok(yaml) => out[id].add(path, text, &yaml),
            Err(broken) => findings.extend((id == 0).then(|| broken_yaml(path, text, &broken))),
        }
    }
    out
}

/// Takes out the second of two nodes of one name, and says so.
fn duplicates(drafts: &mut Vec<Draft>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut kept: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts.drain(..) {
        match kept.last().filter(|last| last.entry.id == draft.entry.id) {
            Some(first) => {
                if draft.package == 0 && !draft.entry.disabled {
                    let (kind, name) = (draft.entry.kind.as_str(), &draft.entry.name);
                    let fault = Diagnostic::error("duplicate-name", format!("there are two of the {kind} `{name}`"))
                        .at(draft.place())
                        .why(format!("the other is in `{}`", first.entry.path))
                        .next("rename one of them");
                    out.push(fault);
                }
            }
            None => kept.push(draft),
        }
    }
    *drafts = kept;
    // Models, seeds and snapshots of one package share their names.
    let mut names: HashMap<(usize, &str), &Draft> = HashMap::new();
    for draft in drafts.iter().filter(|d| !d.entry.disabled && d.package == 0 && d.entry.version.is_none()) {
        if !matches!(draft.entry.kind, Kind::Model | Kind::Seed | Kind::Snapshot) {
            continue;
        }
        if let Some(first) = names.insert((draft.package, &draft.entry.name), draft) {
            let (kind, name) = (first.entry.kind.as_str(), &draft.entry.name);
            let fault = Diagnostic::error("duplicate-name", format!("there is also a {kind} `{name}`"))
                .at(draft.place())
                .why(format!("`ref('{name}')` means either; the other is in `{}`", first.entry.path))
                .next("rename one of them");
            out.push(fault);
        }
    }
    out
}

fn exposures(properties: &Properties, world: &World, root: &Package, findings: &mut Vec<Diagnostic>) -> Vec<Exposure> {
    let mut out = Vec::new();
    let Some(index) = world.index.get() else { return out };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &properties.exposures {
        let place = Text::new(&entry.file, "", &entry.text);
        if seen.insert(&entry.name, entry.at).is_some() {
            let fault = Diagnostic::error("duplicate-name", format!("there are two exposures `{}`", entry.name));
            findings.push(place.fault(fault, entry.at, entry.name.chars().count()));
        }
        let mut reads = Vec::new();
        for (text, at) in &entry.depends_on {
            let bare = text.trim().trim_start_matches("{{").trim_end_matches("}}");
            let asked = format!("{{{{ {bare} }}}}");
            for mention in mentions(&asked, 0..asked.len()) {
                match body::resolve(index, &root.name, &root.name, &mention) {
                    Ok(id) => reads.push(id),
                    Err(why) => findings.extend(
                        body::missing(&mention, why, &world.library)
                            .map(|missing| place.fault(missing, *at, text.chars().count())),
                    ),
                }
            }
        }
        reads.sort_unstable();
        reads.dedup();
        out.push(Exposure {
            name: entry.name.clone(),
            file: entry.file.clone(),
            at: entry.at,
            reads,
            owner: entry.owner.clone(),
        });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}
