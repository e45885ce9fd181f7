//! A workspace in memory, and the files that the generator makes of it.

use std::collections::BTreeMap;
use std::path::Path;

use pipewright::agents;
use pipewright::changeset::{self, Ground};
use pipewright::plan::{self, Context};
use pipewright::render::{self, Files};
use pipewright::workspace::Workspace;

/// Documents of a workspace by path.
pub type Documents = BTreeMap<String, String>;

pub const SPEC: &str = "pipelines/daily_sales.yml";
pub const ORDERS: &str = "contracts/shop/orders.odcs.yaml";

/// The workspace that everything starts from.
pub fn documents() -> Documents {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let shop = root.join("golden/shop");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let mut out = Documents::from([(SPEC.to_owned(), read(&root.join("merge/sales.yml")))]);
    for path in ["pipewright.yml", ORDERS, "contracts/shop/customers.odcs.yaml"] {
        out.insert(path.to_owned(), read(&shop.join(path)));
    }
    out
}

/// What the generator makes of documents, by the real way from specs to files.
pub fn generate(documents: &Documents) -> Files {
    let workspace = Workspace::read(Path::new("."), documents.clone(), Vec::new()).unwrap();
    let (config, contracts, specs) = (&workspace.config, &workspace.contracts, &workspace.specs);
    let mut proposals = Vec::new();
    for spec in specs.values() {
        let context = Context { config, contracts, specs, spec, before: None, only: None };
        let plan = plan::plan(&context).unwrap_or_else(|fault| panic!("{fault}"));
        proposals.extend(agents::propose(&plan, &context).unwrap_or_else(|fault| panic!("{fault}")));
    }
    let change = changeset::prove(&Ground { config, contracts }, proposals).unwrap_or_else(|fault| panic!("{fault}"));
    let files = render::files(&change, config).unwrap();
    // Documents of people are no part of the merge.
    files.into_iter().filter(|(path, _)| !documents.contains_key(path)).collect()
}

/// `text` with one place replaced, which must be there.
pub fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    text.replacen(from, to, 1)
}
