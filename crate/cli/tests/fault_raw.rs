//! Faults 24 to 26 of raw repositories: a conversion goes on where it broke, and never mixes two
//! versions of a file.

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::Outcome;
use crate::support::raw::{Case, SINGLE, names, starts};
use crate::support::server::{Fault, Tag};

const STATE: &str = ".conversion.json";

#[test]
fn fault_24_a_broken_connection_goes_on_at_the_byte_where_it_broke() {
    for fault in [Fault::Cut(900_000), Fault::Stall(900_000)] {
        let case = Case::new();
        let faults = [Fault::None, fault, Fault::Status(503), Fault::Cut(300_000)];
        case.server.order(SINGLE, &faults);
        let log = case.converted(&["--timeout", "2"]);
        let starts = starts(&log, SINGLE);
        let first = starts[0];
        let broke = [first, first + 900_000, first + 900_000, first + 1_200_000];
        assert_eq!(starts, broke, "{fault:?}");
        let tagged = |r: &&crate::support::server::Request| r.file() == SINGLE && r.last.is_none();
        assert!(
            log.iter().filter(tagged).all(|r| r.tag.is_some()),
            "{log:?}"
        );
    }
}

#[test]
fn fault_24_a_hub_that_sends_to_its_storage_is_followed_to_the_same_byte() {
    let case = Case::new();
    let moved = Fault::Moved;
    let faults = [moved, Fault::None, moved, Fault::Cut(900_000), moved];
    case.server.order(SINGLE, &faults);
    let log = case.converted(&[]);
    let asked = log.iter().filter(|r| r.file() == SINGLE);
    let stored: Vec<bool> = asked.map(|r| r.path.starts_with("/storage/")).collect();
    assert_eq!(stored, [false, true].repeat(3));
    let starts = starts(&log, SINGLE);
    assert_eq!(starts[1], starts[0]);
    assert_eq!(starts[2..], [starts[0] + 900_000; 2]);
}

#[test]
fn fault_24_a_host_that_is_gone_for_good_leaves_what_was_done() {
    let case = Case::new();
    let gone = [Fault::None, Fault::Cut(1_200_000), Fault::Status(404)];
    case.server.order(SINGLE, &gone);
    let outcome = case.ask(&[]);
    assert_eq!(outcome.fault(), "network");
    assert!(!case.cached("manifest.json").exists());
    // Half of a model is none, with or without its host.
    case.server.order("manifest.json", &[Fault::Status(503); 4]);
    assert_eq!(case.ask(&[]).refused("network").matches("503").count(), 1);
    case.server.log();
    let log = case.converted(&[]);
    let rest = starts(&log, SINGLE);
    assert!(rest.len() == 1 && rest[0] > 1_000_000, "{rest:?}");
}

/// Starts a conversion, stops it in its middle, and what it left goes on.
fn stopped_by(signal: &str, code: Option<i32>) {
    let case = Case::new();
    let stall = [Fault::None, Fault::Stall(1_200_000)];
    case.server.order(SINGLE, &stall);
    let mut command = case.command();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("askmask starts");
    let begun = Instant::now();
    let state = || {
        let models = fs::read_dir(case.cache().join("askmask/models")).ok()?;
        let folder = models.flatten().next()?.path();
        let json: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join(STATE)).ok()?).ok()?;
        json["progress"]["bytes"].as_u64()
    };
    while state().is_none_or(|bytes| bytes < 200_000) {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing happens");
        sleep(Duration::from_millis(20));
    }
    // All that came is converted soon after.
    sleep(Duration::from_millis(300));
    let kill = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(kill.expect("kill starts").success());
    let outcome = Outcome::from(child.wait_with_output().expect("it ends"));
    assert_eq!(outcome.code, code, "{outcome:?}");
    assert!(!case.cached("manifest.json").exists());
    case.server.log();
    let log = case.converted(&[]);
    let rest = starts(&log, SINGLE);
    assert!(rest.len() == 1 && rest[0] > 1_000_000, "{rest:?}");
}

#[test]
#[cfg(unix)]
fn fault_24_a_killed_conversion_asks_only_for_the_rest() {
    stopped_by("-KILL", None);
}

#[test]
#[cfg(unix)]
fn fault_24_a_cancelled_conversion_asks_only_for_the_rest() {
    stopped_by("-INT", Some(130));
}

#[test]
fn fault_24_what_a_power_cut_left_is_not_believed() {
    for (name, damage) in [
        ("weights-00001.safetensors.part", 0),
        ("weights-00001.safetensors.part", 100),
        (STATE, 0),
        (STATE, 100),
    ] {
        let case = Case::new();
        let gone = [Fault::None, Fault::Cut(1_200_000), Fault::Status(404)];
        case.server.order(SINGLE, &gone);
        case.ask(&[]);
        let path = case.cached(name);
        let mut bytes = fs::read(&path).expect("left");
        match damage {
            0 => bytes.truncate(bytes.len() / 2),
            at => bytes[at] ^= 1,
        }
        fs::write(&path, bytes).expect("writable");
        case.server.log();
        let starts = starts(&case.converted(&[]), SINGLE);
        assert!(starts[0] < 100_000, "{name}: {starts:?}");
    }
}

#[test]
fn fault_25_a_host_without_ranges_is_read_from_the_start_each_time() {
    let case = Case::new();
    let whole = Fault::Whole;
    case.server
        .order(SINGLE, &[whole, whole, Fault::Cut(900_000), whole]);
    case.converted(&[]);
    let case = Case::new();
    case.server.order(
        SINGLE,
        &[Fault::None, Fault::Cut(900_000), Fault::OtherPart],
    );
    assert_eq!(starts(&case.converted(&[]), SINGLE).len(), 3);
}

#[test]
fn fault_25_a_file_that_changed_is_begun_anew_once() {
    for tag in [Tag::Strong, Tag::Date] {
        let case = Case::new();
        case.server.set_tag(tag);
        let change = [Fault::None, Fault::Cut(900_000), Fault::NewTag];
        case.server.order(SINGLE, &change);
        let outcome = case.ask(&[]);
        outcome.json();
        assert!(
            outcome.stderr.contains("changed on the host"),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains("begins anew"), "{outcome:?}");
        let starts = starts(&case.server.log(), SINGLE);
        assert_eq!(starts[1], starts[0] + 900_000, "{tag:?}");
        assert_eq!(starts[2..], starts[..1], "{tag:?}");
        case.converted(&[]);
        // Not a second time.
        let case = Case::new();
        case.server.set_tag(tag);
        case.server.order(SINGLE, &change.repeat(2));
        let outcome = case.ask(&[]);
        assert_eq!(outcome.fault(), "network");
        let line = outcome.stderr.lines().last().unwrap_or_default();
        assert!(line.contains("changed on the host"), "{line}");
        assert!(!case.cached("manifest.json").exists());
    }
}

#[test]
fn fault_25_what_changed_between_two_runs_is_begun_anew() {
    for (tag, change) in [
        (Tag::Strong, Fault::NewTag),
        (Tag::Date, Fault::NewTag),
        // Nothing tells that it is the same.
        (Tag::None, Fault::None),
    ] {
        let case = Case::new();
        case.server.set_tag(tag);
        let gone = [
            Fault::None,
            Fault::Cut(1_200_000),
            Fault::Status(404),
            change,
        ];
        case.server.order(SINGLE, &gone);
        case.ask(&[]);
        case.server.log();
        let starts = starts(&case.converted(&[]), SINGLE);
        assert!(
            starts.len() == 1 && starts[0] < 100_000,
            "{tag:?}: {starts:?}"
        );
    }
}

#[test]
fn fault_25_a_range_that_is_beyond_a_file_makes_it_another() {
    let case = Case::new();
    case.server
        .order(SINGLE, &[Fault::None, Fault::Cut(900_000), Fault::Beyond]);
    let log = case.converted(&[]);
    assert_eq!(starts(&log, SINGLE).len(), 3);
    let case = Case::new();
    let longer = [Fault::None, Fault::Cut(900_000), Fault::Longer];
    case.server.order(SINGLE, &longer);
    case.converted(&[]);
}

#[test]
fn fault_26_a_damaged_file_of_the_cache_is_made_again() {
    let case = Case::new();
    case.converted(&[]);
    for (name, requests) in [("weights-00001.safetensors", 1), ("tokenizer.json", 0)] {
        let path = case.cached(name);
        let mut bytes = fs::read(&path).expect("a file");
        bytes[99] ^= 1;
        fs::write(&path, bytes).expect("writable");
        assert_eq!(
            starts(&case.converted(&[]), SINGLE).len(),
            requests,
            "{name}"
        );
    }
    fs::write(case.cached("manifest.json"), "{").expect("writable");
    assert_eq!(starts(&case.converted(&[]), SINGLE), [0_usize; 0]);
}

#[test]
fn two_runs_at_once_convert_once() {
    let case = Case::new();
    let mut commands = [case.command(), case.command()];
    let runs = commands.each_mut().map(|command| {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("askmask starts")
    });
    for run in runs {
        Outcome::from(run.wait_with_output().expect("it ends")).json();
    }
    let log = case.server.log();
    assert_eq!(starts(&log, SINGLE).len(), 1, "{:?}", names(&log));
    case.converted(&[]);
}
