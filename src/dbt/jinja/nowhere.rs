//! Macros that nobody has. The call is a finding; what it would print is a name that nothing else has, so that the rest
//! of the query is read all the same.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, State};

use super::names::Seen;
use crate::sql::jinja::UNKNOWN;

/// A macro that is nowhere, or what it would give.
#[derive(Debug)]
pub(super) struct Nowhere {
    pub name: String,
    pub seen: Arc<Seen>,
}

impl Nowhere {
    /// Text of a query can hold a name for what is not known; a decision on it can't be made.
    fn looked_at(&self) {
        self.seen.unknown(&Arc::from(format!("there is no macro `{}`", self.name)));
    }
}

impl Object for Nowhere {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(self.clone()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.looked_at();
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.looked_at();
        false
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Ok(Value::from_dyn_object(self.clone()))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, _: &str, _: &[Value]) -> Result<Value, Error> {
        Ok(Value::from_dyn_object(self.clone()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name: String = self.name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        write!(f, "{UNKNOWN}{name}")
    }
}
