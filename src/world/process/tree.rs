//! A process and all that it started.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Sends a signal to the group of `pid` and to all its descendants: some of them (Airflow's) have sessions of their own.
pub(super) fn kill_tree(pid: u32, signal: Signal) {
    let mut tree = vec![pid];
    let parents = parents();
    let mut at = 0;
    while at < tree.len() {
        let of = tree[at];
        tree.extend(parents.iter().filter(|(_, parent)| *parent == of).map(|(child, _)| *child));
        at += 1;
    }
    let as_pid = |pid: u32| i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(group) = as_pid(pid) {
        // Fails only where it has ended already.
        let _ = kill_process_group(group, signal);
    }
    for pid in tree.into_iter().skip(1).filter_map(as_pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Every process with its parent.
pub(super) fn parents() -> Vec<(u32, u32)> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        let listed = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
        let text = listed.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let pair = |line: &str| {
            let mut numbers = line.split_whitespace().map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        };
        return text.lines().filter_map(pair).collect();
    };
    let parent = |pid: u32| -> Option<(u32, u32)> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything: `1234 (a b) c) S 1 …`.
        let (_, rest) = stat.rsplit_once(')')?;
        Some((pid, rest.split_whitespace().nth(1)?.parse().ok()?))
    };
    processes.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok()).filter_map(parent).collect()
}
