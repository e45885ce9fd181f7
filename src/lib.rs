//! Pipewright turns a requirement into a reviewed change of a data platform.
//!
//! `ARCHITECTURE.md` is the map. Data flows one way, a module a stage:
//! requirement → intent → plan → proposals → change set → files → branch → run → rollback.

pub mod vocabulary;

pub mod document;
pub mod sql;
pub mod template;
pub mod world;

pub mod contract;
pub mod spec;
pub mod workspace;

pub mod check;
pub mod dbt;
pub mod discover;

pub mod requirement;

pub mod drift;

pub mod plan;

pub mod agents;
pub mod proposal;

pub mod changeset;
pub mod render;

pub mod publish;
pub mod rollback;
pub mod run;

pub mod verbs;

pub mod cli;
