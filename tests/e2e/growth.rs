//! What many requests leave behind.

use std::thread;
use std::time::Duration;

use crate::processes::{Found, eventually};
use crate::session::{Session, agent};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    descriptors: usize,
    established: usize,
    memory: usize,
}

impl Held {
    fn by(process: &Found) -> Self {
        Self {
            descriptors: process.descriptors(),
            established: process.established(),
            memory: process.memory(),
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn many_requests_leave_nothing_behind() {
    let session = Session::start("objects");
    let processes = [("dartflare", session.dartflare()), ("Dart VM", session.dart_vm())];
    let fresh = agent(false);
    let ask = |path: &str, is_fresh: bool| {
        if is_fresh {
            let answer = session.open(&fresh, "GET", path, &[], b"").expect("a response");
            assert_eq!(answer.status().as_u16(), 200);
        } else {
            session.get(path).ok();
        }
    };
    // What is made once is made before the count begins.
    let burst = |rounds: usize| {
        for round in 0..rounds {
            thread::scope(|scope| {
                for number in 0..50 {
                    scope.spawn(move || ask(&format!("/{}/count", number % 5), round % 2 == 0));
                }
            });
        }
    };
    (0..200).for_each(|_| ask("/0/count", false));
    burst(2);
    let before = eventually("the first requests are over", Duration::from_secs(10), || {
        let held = processes.clone().map(|(_, process)| Held::by(&process));
        thread::sleep(Duration::from_millis(100));
        (held == processes.clone().map(|(_, process)| Held::by(&process))).then_some(held)
    });

    (0..1000).for_each(|number| ask("/0/count", number % 2 == 0));
    burst(20);

    // A socket is closed a moment after its response was read.
    let after = || processes.clone().map(|(_, process)| Held::by(&process));
    eventually("all sockets are closed", Duration::from_secs(20), || {
        let is_over = after().iter().zip(before).all(|(after, before)| {
            after.descriptors <= before.descriptors && after.established <= before.established
        });
        is_over.then_some(())
    });
    for (((name, _), before), after) in processes.iter().zip(before).zip(after()) {
        println!("{name}: {before:?} before, {after:?} after 2000 requests (memory in KiB)");
        assert!(after.memory < before.memory + (48 << 10), "{name}: {before:?}, {after:?}");
    }
}
