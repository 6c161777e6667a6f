//! Does bash do what the script says? Every test here runs it.

mod by_hand;
mod end;
mod fragments;
mod scene;
mod term;
mod words;
