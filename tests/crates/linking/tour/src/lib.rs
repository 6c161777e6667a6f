//! A family whose one hook writes down who was called, so that an order of calls can be printed.

use std::cell::RefCell;

/// Who came, in their order.
#[derive(Debug, Default)]
pub struct Guests(RefCell<Vec<&'static str>>);

impl Guests {
    pub fn came(&self, who: &'static str) {
        self.0.borrow_mut().push(who);
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.0.borrow().clone()
    }
}

#[xqute::hookspec(path = crate)]
pub trait Tour {
    fn visit(guests: &Guests);
}
