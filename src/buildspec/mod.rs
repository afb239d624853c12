//! The buildspec: its plain types, and how YAML becomes them.

pub mod model;
