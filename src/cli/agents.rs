//! What `propose` and `regenerate` are told of agents of one's own.

use crate::verbs::Programs;

#[derive(clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Run the agents of `pipewright.yml` also where the main branch does not have them as they are here: you have read
    /// them.
    #[arg(long)]
    trust_agents: bool,
}

impl Args {
    pub(super) fn programs(&self) -> Programs {
        if self.trust_agents { Programs::Trusted } else { Programs::AsMain }
    }
}
