//! Pickles of plain values, read without executing anything.
//!
//! A pickle is a program for a small machine with a stack. The instructions that make lists,
//! dictionaries, texts and numbers are followed, in all protocols; those that look up or call
//! something of Python's are refused by name. Values refer to each other by number, so that
//! neither sharing nor nesting costs more than its bytes. Source: [`pickletools.py`][tools] of
//! CPython.
//!
//! Written by hand because serde-pickle 1.2 does not hold hostile files off: lists nested 500,000
//! deep overflow its stack, 82 bytes of DUP and APPEND take all memory, and globals that are
//! dropped again, sets and instances pass.
//!
//! [tools]: https://github.com/python/cpython/blob/main/Lib/pickletools.py

mod refusal;
mod text;

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Problem;
use refusal::{forbidden, invalid};
use text::{escaped, quoted, real, utf8, whole};

/// Most values of one pickle.
const MAX_VALUES: usize = 1 << 24;
/// Most values of one entry, shared ones counted each time, and how deep they may nest.
const MAX_ENTRY_VALUES: usize = 1 << 16;
const MAX_DEPTH: usize = 32;

/// Where a value lies among all of them.
type Id = u32;

#[derive(Debug, Clone)]
enum Node {
    Plain(Value),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
}

/// The entries of the list that a pickle holds.
#[derive(Debug)]
pub(super) struct Pickle {
    nodes: Vec<Node>,
    entries: Vec<Id>,
}

impl Pickle {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let mut machine = Machine {
            bytes,
            ..Machine::default()
        };
        let top = machine.run()?;
        let Some(Node::List(entries)) = machine.nodes.get(top as usize) else {
            return Err(invalid("it does not hold a list"));
        };
        Ok(Self {
            entries: entries.clone(),
            nodes: machine.nodes,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Entry `index` as JSON. What a pickle shares is copied here, so that this is limited.
    pub(super) fn entry(&self, index: usize) -> Result<Value, Problem> {
        let id = self.entries.get(index).copied();
        let mut left = MAX_ENTRY_VALUES;
        self.value(id.ok_or_else(|| invalid("no such entry"))?, 0, &mut left)
    }

    fn value(&self, id: Id, depth: usize, left: &mut usize) -> Result<Value, Problem> {
        *left = left
            .checked_sub(1)
            .filter(|_| depth < MAX_DEPTH)
            .ok_or_else(|| Problem::new("too-large", "an entry is too large or nests too deep"))?;
        match self.nodes.get(id as usize) {
            None => Err(invalid("a value is missing")),
            Some(Node::Plain(value)) => Ok(value.clone()),
            Some(Node::List(items)) => {
                let items = items.iter().map(|&item| self.value(item, depth + 1, left));
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            Some(Node::Dict(items)) => {
                let mut map = Map::new();
                for &(key, item) in items {
                    let Some(Node::Plain(Value::String(key))) = self.nodes.get(key as usize) else {
                        continue;
                    };
                    map.insert(key.clone(), self.value(item, depth + 1, left)?);
                }
                Ok(Value::Object(map))
            }
        }
    }
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Lengths of the stack where marks were set.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Follows all instructions; the value that is left.
    fn run(&mut self) -> Result<Id, Problem> {
        loop {
            let at = self.at;
            let code = self.byte()?;
            if code == b'.' {
                return self.pop();
            }
            self.step(code, at)?;
        }
    }

    fn step(&mut self, code: u8, at: usize) -> Result<(), Problem> {
        match code {
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.items().map(drop),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            b'N' => self.push(Node::Plain(Value::Null)),
            0x88 | 0x89 => self.push(Node::Plain((code == 0x88).into())),
            b'I' | b'L' | b'F' | b'J' | b'K' | b'M' | b'G' | 0x8a => self.number(code),
            b'S' | b'V' | b'U' | b'T' | b'X' | b'B' | b'C' | 0x8c | 0x8d | 0x8e => self.text(code),
            b']' | b')' => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            b'l' | b't' => {
                let items = self.items()?;
                self.push(Node::List(items))
            }
            0x85..=0x87 => {
                let first = self.stack.len().checked_sub(usize::from(code - 0x84));
                let first = first.ok_or_else(|| invalid("its stack is empty"))?;
                let items = self.stack.split_off(first);
                self.push(Node::List(items))
            }
            b'd' => {
                let items = self.items()?;
                self.push(Node::Dict(pairs(&items)?))
            }
            b'a' => {
                let item = self.pop()?;
                self.extend_list(vec![item])
            }
            b'e' => {
                let items = self.items()?;
                self.extend_list(items)
            }
            b's' => {
                let item = self.pop()?;
                let key = self.pop()?;
                self.extend_dict(&[key, item])
            }
            b'u' => {
                let items = self.items()?;
                self.extend_dict(&items)
            }
            b'p' | b'q' | b'r' | 0x94 | b'g' | b'h' | b'j' => self.remember(code),
            code => Err(forbidden(code, at, self.global(code).as_deref())),
        }
    }

    /// What an instruction would look up, such as `os.system`.
    fn global(&mut self, code: u8) -> Option<String> {
        let (module, name) = match code {
            b'c' | b'i' => (self.plain_line().ok()?, self.plain_line().ok()?),
            0x93 => {
                let [.., module, name] = self.stack.as_slice() else {
                    return None;
                };
                (self.plain_text(*module)?, self.plain_text(*name)?)
            }
            _ => return None,
        };
        Some(format!("{module}.{name}"))
    }

    fn plain_text(&self, id: Id) -> Option<&str> {
        match self.nodes.get(id as usize)? {
            Node::Plain(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn number(&mut self, code: u8) -> Result<(), Problem> {
        let value = match code {
            b'I' => match self.plain_line()? {
                "00" => false.into(),
                "01" => true.into(),
                text => whole(text)?,
            },
            b'L' => whole(self.plain_line()?.trim_end_matches('L'))?,
            b'F' => {
                let number = self.plain_line()?.parse();
                real(number.map_err(|_| invalid("a number"))?)
            }
            b'J' => i32::from_le_bytes(self.array()?).into(),
            b'K' => self.byte()?.into(),
            b'M' => u16::from_le_bytes(self.array()?).into(),
            b'G' => real(f64::from_be_bytes(self.array()?)),
            _ => {
                let length = usize::from(self.byte()?);
                let bytes = self.take(length)?;
                if length > 8 {
                    return Err(invalid("a whole number of more than 64 bits"));
                }
                // Two's complement, the least byte first.
                let fill = bytes.last().map_or(0, |&b| if b > 127 { 255 } else { 0 });
                let mut all = [fill; 8];
                all[..length].copy_from_slice(bytes);
                i64::from_le_bytes(all).into()
            }
        };
        self.push(Node::Plain(value))
    }

    fn text(&mut self, code: u8) -> Result<(), Problem> {
        let text = match code {
            b'S' => quoted(self.line()?)?,
            b'V' => escaped(self.line()?)?,
            _ => {
                let length = match code {
                    b'U' | b'C' | 0x8c => u64::from(self.byte()?),
                    b'T' | b'X' | b'B' => u32::from_le_bytes(self.array()?).into(),
                    _ => u64::from_le_bytes(self.array()?),
                };
                let length = usize::try_from(length).map_err(|_| invalid("it ends in a text"))?;
                utf8(self.take(length)?.to_vec())?
            }
        };
        self.push(Node::Plain(text.into()))
    }

    fn remember(&mut self, code: u8) -> Result<(), Problem> {
        let key = match code {
            b'p' | b'g' => {
                let place = self.plain_line()?.parse();
                place.map_err(|_| invalid("a place"))?
            }
            b'q' | b'h' => u32::from(self.byte()?),
            0x94 => self.memo.len() as u32,
            _ => u32::from_le_bytes(self.array()?),
        };
        if matches!(code, b'g' | b'h' | b'j') {
            let id = self.memo.get(&key).copied();
            self.stack
                .push(id.ok_or_else(|| invalid("an unknown place"))?);
        } else {
            let top = self.top()?;
            self.memo.insert(key, top);
        }
        Ok(())
    }

    fn extend_list(&mut self, more: Vec<Id>) -> Result<(), Problem> {
        let list = self.top()?;
        match self.nodes.get_mut(list as usize) {
            Some(Node::List(items)) => items.extend(more),
            _ => return Err(invalid("an item for what is no list")),
        }
        Ok(())
    }

    fn extend_dict(&mut self, more: &[Id]) -> Result<(), Problem> {
        let more = pairs(more)?;
        let dict = self.top()?;
        match self.nodes.get_mut(dict as usize) {
            Some(Node::Dict(items)) => items.extend(more),
            _ => return Err(invalid("an entry for what is no dictionary")),
        }
        Ok(())
    }

    fn push(&mut self, node: Node) -> Result<(), Problem> {
        if self.nodes.len() >= MAX_VALUES {
            let reason = format!("more than {MAX_VALUES} values");
            return Err(Problem::new("too-large", reason));
        }
        self.stack.push(self.nodes.len() as Id);
        self.nodes.push(node);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, Problem> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The last value, which must lie behind the last mark.
    fn top(&self) -> Result<Id, Problem> {
        let above = self.stack.len() > self.marks.last().copied().unwrap_or(0);
        let top = self.stack.last().filter(|_| above).copied();
        top.ok_or_else(|| invalid("its stack is empty"))
    }

    /// Everything behind the last mark.
    fn items(&mut self) -> Result<Vec<Id>, Problem> {
        let mark = self
            .marks
            .pop()
            .ok_or_else(|| invalid("a mark is missing"))?;
        if mark > self.stack.len() {
            return Err(invalid("its stack is empty"));
        }
        Ok(self.stack.split_off(mark))
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        Ok(self.array::<1>()?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| invalid("it ends too early"))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count);
        self.at += count.min(rest.len());
        taken.ok_or_else(|| invalid("it ends too early"))
    }

    /// Up to the end of the line, which is skipped.
    fn line(&mut self) -> Result<&'a [u8], Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(length.ok_or_else(|| invalid("it ends in a line"))?)?;
        self.at += 1;
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// A line of a number or place.
    fn plain_line(&mut self) -> Result<&'a str, Problem> {
        std::str::from_utf8(self.line()?).map_err(|_| invalid("a number"))
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, Problem> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(invalid("a key without a value"));
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

#[cfg(test)]
mod tests;
