//! Every fixture under `fixtures/render/`, and what holds for all of them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::changeset::{Ground, prove};
use crate::proposal::{Artifact, Proposal, Proposals};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/render");
const SNAPSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/render");

fn fixture(case: &Path) -> (Config, Vec<Proposal>) {
    let config = std::fs::read_to_string(case.join("pipewright.yml")).unwrap();
    let proposals = std::fs::read_to_string(case.join("proposals.json")).unwrap();
    let proposals: Proposals = serde_json::from_str(&proposals).unwrap();
    let platforms: Vec<_> = proposals
        .proposals
        .iter()
        .filter_map(|p| match &p.artifact {
            Artifact::Platform(platform) => Some(platform.clone()),
            _ => None,
        })
        .collect();
    let config = workspace::with_platforms(serde_yaml::from_str(&config).unwrap(), &platforms);
    (config, proposals.proposals)
}

fn render(config: &Config, proposals: Vec<Proposal>) -> Files {
    let contracts = BTreeMap::new();
    let change = prove(&Ground { config, contracts: &contracts }, proposals).unwrap();
    files(&change, config).unwrap()
}

#[test]
fn every_fixture_renders_as_it_stands_in_its_snapshots() {
    let update = std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always");
    for case in std::fs::read_dir(FIXTURES).unwrap() {
        let case = case.unwrap().path();
        let (config, proposals) = fixture(&case);
        let rendered = render(&config, proposals.clone());
        assert_eq!(render(&config, proposals.clone()), rendered, "rendering is pure");
        let mut reversed = proposals;
        reversed.reverse();
        assert_eq!(render(&config, reversed), rendered, "the order of proposals does not matter");

        let folder = Path::new(SNAPSHOTS).join(case.file_name().unwrap());
        if update {
            let _ = std::fs::remove_dir_all(&folder);
            for (path, text) in &rendered {
                let file = folder.join(path);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
        }
        let accepted: Files = walkdir::WalkDir::new(&folder)
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let path = entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                (path, std::fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        assert_eq!(accepted.keys().collect::<Vec<_>>(), rendered.keys().collect::<Vec<_>>(), "files of {case:?}");
        for (path, text) in &rendered {
            assert_eq!(&accepted[path], text, "{path} of {case:?}");
        }
    }
}
