//! Calling a macro: its arguments bound as Python would, its template rendered with its own names, `return` heard.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Kwargs, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::names::{Frame, Run};
use super::values::{Dict, bounded, wrong};

/// Bytes of the stack that macros may use, of [`super::STACK`].
const STACK_USED: usize = super::STACK / 2;
/// Instructions that the macros of one file may take in all.
const MOST_SPENT: u64 = 4_000_000;

thread_local! {
    static BASE: Cell<usize> = const { Cell::new(0) };
}

/// Notes how much of the stack is used where rendering begins.
pub(super) fn begin() {
    let here = 0u8;
    BASE.set(std::ptr::from_ref(&here).addr());
}

/// Refuses to go deeper where templates call templates without an end.
pub(super) fn deep_enough() -> Result<(), Error> {
    let here = 0u8;
    if BASE.get().abs_diff(std::ptr::from_ref(&here).addr()) > STACK_USED {
        return Err(wrong("macros call each other without an end"));
    }
    Ok(())
}

/// What `return(value)` throws; the call of the macro catches it.
pub(super) struct Returned(pub Value);

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("return")
    }
}

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`return` outside a macro")
    }
}

impl std::error::Error for Returned {}

/// The value of a `return` that ended a template.
fn returned(error: &Error) -> Option<Value> {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = at {
        if let Some(Returned(value)) = error.downcast_ref::<Returned>() {
            return Some(value.clone());
        }
        at = error.source();
    }
    None
}

/// What a macro gives for these arguments.
pub(super) fn call_macro(run: &Arc<Run>, id: usize, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
    deep_enough()?;
    let found = run.world.library.get(id);
    if let Some(ours) = found.instead {
        let given = call_macro(run, ours, state, args)?;
        if !given.is_undefined() {
            return Ok(given);
        }
    }
    let (positional, named) = match args.split_last() {
        Some((last, rest)) if last.is_kwargs() => (rest, Some(Kwargs::try_from(last.clone())?)),
        _ => (args, None),
    };
    let mut given: Vec<Value> = positional.iter().take(found.parameters.len()).cloned().collect();
    given.resize(found.parameters.len(), Value::UNDEFINED);
    let varargs = positional.get(found.parameters.len()..).unwrap_or_default().to_vec();
    let (mut kwargs, mut caller) = (IndexMap::new(), None);
    if let Some(named) = &named {
        for key in named.args() {
            let value: Value = named.peek(key)?;
            match found.parameters.iter().position(|p| p.name == key) {
                Some(i) => given[i] = value,
                None if key == "caller" => caller = Some(value),
                None => drop(kwargs.insert(Value::from(key), value)),
            }
        }
    }
    for value in &mut given {
        *value = bounded(std::mem::take(value))?;
    }
    // What stands in a call block belongs to the state that it stands in, so it is rendered before the macro is.
    let caller = match caller.filter(|_| found.calls_back) {
        Some(block) => Some(Value::from_object(Said(block.call(state, &[])?))),
        None => None,
    };
    let frame = Frame {
        run: run.clone(),
        id,
        given,
        varargs: super::values::List::value(varargs)?,
        kwargs: Dict::value(kwargs)?,
        caller,
    };
    let template = state.get_template(&found.template)?;
    let outcome = template.render_captured(Value::from_object(frame));
    let spent = match &outcome {
        Ok(captured) => captured.state().fuel_levels().map_or(0, |(spent, _)| spent),
        Err(_) => 1_000,
    };
    if run.seen.note(|notes| {
        notes.spent += spent;
        notes.spent
    }) > MOST_SPENT
    {
        return Err(Error::from(ErrorKind::OutOfFuel));
    }
    match outcome {
        Ok(captured) => bounded(Value::from(captured.into_output())),
        Err(error) => returned(&error).ok_or(error),
    }
}

/// `caller`, already rendered.
#[derive(Debug)]
struct Said(Value);

impl Object for Said {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Ok(self.0.clone())
    }
}
