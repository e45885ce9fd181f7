//! Keys and references that nobody declares. A name makes a candidate, the rows decide; `docs/keys.md` has the rules.

mod keys;
mod names;
mod references;

pub use keys::keys;
pub use references::references;

/// A number of rows as evidence tells it: one digit of many, so that a contract does not change with each row.
fn about(rows: u64) -> String {
    if rows < 20 {
        return rows.to_string();
    }
    let unit = 10_u64.pow(rows.ilog10());
    let digits = (rows / unit * unit).to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out} and more")
}

#[cfg(test)]
mod tests;
