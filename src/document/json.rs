//! JSON to nodes. YAML is not quite its superset (`"\ud83d\ude00"`, tabs), and proposals of other programs are JSON.

use super::fault::{Fail, Kind};
use super::node::{Key, MAX_DEPTH, Node, Span, Value, duplicate, number};

struct Json<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
    column: usize,
    depth: usize,
}

/// The one value in `text`.
pub fn read(text: &str) -> Result<Node, Fail> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut json = Json { rest: text.chars().peekable(), line: 1, column: 1, depth: 0 };
    json.blank();
    if json.rest.peek().is_none() {
        return Err(Fail::new(Kind::Empty));
    }
    let node = json.value()?;
    json.blank();
    match json.rest.peek() {
        None => Ok(node),
        Some(_) => Err(json.wrong("the end of the document")),
    }
}

impl Json<'_> {
    fn here(&self) -> Span {
        Span { line: self.line, column: self.column, width: 1 }
    }

    fn wrong(&mut self, wanted: &str) -> Fail {
        let found = match self.rest.peek() {
            Some(c) => format!("`{}`", c.escape_debug()),
            None => "the end of the text".into(),
        };
        Fail::at(self.here(), Kind::Syntax(format!("expected {wanted}, found {found}")))
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn blank(&mut self) {
        while self.rest.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
            self.next();
        }
    }

    fn eat(&mut self, c: char) -> bool {
        self.blank();
        let found = self.rest.peek() == Some(&c);
        if found {
            self.next();
        }
        found
    }

    fn since(&self, start: Span) -> Span {
        Span { width: if start.line == self.line { self.column - start.column } else { 0 }, ..start }
    }

    fn value(&mut self) -> Result<Node, Fail> {
        self.blank();
        let start = self.here();
        let value = match self.rest.peek() {
            Some('{' | '[') => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Fail::at(start, Kind::Depth));
                }
                let value = if self.eat('{') { self.map()? } else { self.list()? };
                self.depth -= 1;
                value
            }
            Some('"') => Value::Text(self.string()?),
            _ => self.word(start)?,
        };
        Ok(Node { span: self.since(start), value })
    }

    fn map(&mut self) -> Result<Value, Fail> {
        let mut entries = Vec::new();
        if self.eat('}') {
            return Ok(Value::Map(entries));
        }
        loop {
            self.blank();
            let start = self.here();
            if self.rest.peek() != Some(&'"') {
                return Err(self.wrong("a key in double quotes"));
            }
            let text = self.string()?;
            let key = Key { span: self.since(start), text };
            if !self.eat(':') {
                return Err(self.wrong("`:`"));
            }
            entries.push((key, self.value()?));
            if self.eat('}') {
                break;
            }
            if !self.eat(',') {
                return Err(self.wrong("`,` or `}`"));
            }
        }
        duplicate(&entries).map_or(Ok(Value::Map(entries)), Err)
    }

    fn list(&mut self) -> Result<Value, Fail> {
        self.next();
        let mut items = Vec::new();
        if self.eat(']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.eat(']') {
                return Ok(Value::List(items));
            }
            if !self.eat(',') {
                return Err(self.wrong("`,` or `]`"));
            }
        }
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self, start: Span) -> Result<Value, Fail> {
        let mut word = String::new();
        while let Some(c) = self.rest.peek().copied().filter(|c| c.is_ascii_alphanumeric() || "+-.".contains(*c)) {
            word.push(c);
            self.next();
        }
        let digits = word.strip_prefix('-').unwrap_or(&word);
        let led_by_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        match word.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            "" => Err(self.wrong("a value")),
            _ => number(&word).filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()) && !led_by_zero).ok_or_else(
                || Fail::at(self.since(start), Kind::Syntax(format!("`{}` is no value of JSON", word.escape_debug()))),
            ),
        }
    }

    fn string(&mut self) -> Result<String, Fail> {
        self.next();
        let mut out = String::new();
        loop {
            let at = self.here();
            match self.next() {
                None => return Err(self.wrong("the closing quote of a string")),
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escape(at)?),
                Some(c) if c.is_control() && (c as u32) < 0x20 => {
                    let what = format!("a control character in a string, U+{:04X}; write it as an escape", c as u32);
                    return Err(Fail::at(at, Kind::Syntax(what)));
                }
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self, at: Span) -> Result<char, Fail> {
        let wrong = || Fail::at(at, Kind::Syntax("an escape that JSON does not know".into()));
        Ok(match self.next().ok_or_else(wrong)? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            c @ ('"' | '\\' | '/') => c,
            'u' => {
                let first = self.hex().ok_or_else(wrong)?;
                let code = match first {
                    0xd800..=0xdbff => {
                        if self.next() != Some('\\') || self.next() != Some('u') {
                            return Err(wrong());
                        }
                        let second = self.hex().filter(|n| (0xdc00..=0xdfff).contains(n)).ok_or_else(wrong)?;
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    code => code,
                };
                char::from_u32(code).ok_or_else(wrong)?
            }
            _ => return Err(wrong()),
        })
    }

    fn hex(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |n, _| Some(n * 16 + self.next()?.to_digit(16)?))
    }
}
