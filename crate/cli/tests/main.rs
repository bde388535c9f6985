//! `askmask` as a person runs it: what it prints and writes, and how it ends.

mod checkpoints;
mod clicks;
mod commands;
mod docs;
mod eval;
mod fault_models;
mod fault_network;
mod fault_pictures;
mod fault_queries;
mod fault_raw;
mod fault_repositories;
mod outputs;
mod quantize;
mod raw;
mod several;
mod support;
