//! Tensor sources that watch or damage what is read.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use askmask_core::Error;
use askmask_core::weights::{TensorInfo, TensorSource};

/// Gives zeros at the first read of one tensor, as a device that computes wrongly would see it:
/// whoever reads it again gets the truth.
pub struct WrongOnce {
    pub inner: Box<dyn TensorSource>,
    pub name: String,
    pub done: Cell<bool>,
}

impl WrongOnce {
    pub fn new(inner: Box<dyn TensorSource>, name: &str) -> Self {
        Self {
            inner,
            name: name.to_owned(),
            done: Cell::new(false),
        }
    }

    fn pass<'a>(&self, name: &str, bytes: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
        if name != self.name || self.done.replace(true) {
            return bytes;
        }
        Cow::Owned(vec![0; bytes.len()])
    }
}

impl TensorSource for WrongOnce {
    fn names(&self) -> Vec<&str> {
        self.inner.names()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.inner.info(name)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        Ok(self.pass(name, self.inner.read(name)?))
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        Ok(self.pass(name, self.inner.read_rows(name, first, count)?))
    }
}

/// Notes name and bytes of every read.
pub struct Watched {
    pub inner: Box<dyn TensorSource>,
    pub reads: Rc<RefCell<Vec<(String, usize)>>>,
}

impl Watched {
    fn note<'a>(&self, name: &str, bytes: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
        self.reads.borrow_mut().push((name.to_owned(), bytes.len()));
        bytes
    }
}

impl TensorSource for Watched {
    fn names(&self) -> Vec<&str> {
        self.inner.names()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.inner.info(name)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        Ok(self.note(name, self.inner.read(name)?))
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        Ok(self.note(name, self.inner.read_rows(name, first, count)?))
    }
}

/// Bytes of all tensors together.
pub fn total_bytes(source: &dyn TensorSource) -> u64 {
    let bytes = |name| source.info(name).and_then(TensorInfo::bytes).unwrap_or(0) as u64;
    source.names().into_iter().map(bytes).sum()
}
