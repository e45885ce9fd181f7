//! What a pipeline waits for.

use super::World;

fn loaded() -> World {
    let mut world = World::shop();
    let load = world.understood("Load orders every hour, incrementally").spec;
    world.keep(load);
    world
}

fn words(tables: &[crate::vocabulary::Relation]) -> Vec<String> {
    tables.iter().map(ToString::to_string).collect()
}

#[test]
fn the_load_of_another_pipeline_starts_this_one() {
    let spec = loaded().understood("Revenue per customer and day, after orders is loaded").spec;
    let schedule = spec.schedule.unwrap();
    assert_eq!((words(&schedule.after), schedule.cron), (vec!["shop.orders".to_owned()], None));
    let landed: Vec<String> = spec.ingest.iter().map(|i| i.table.to_string()).collect();
    assert!(!landed.contains(&"shop.orders".to_owned()), "landed twice: {landed:?}");
}

#[test]
fn what_this_one_lands_needs_no_waiting() {
    let spec = World::shop().understood("Revenue per customer, after orders is loaded").spec;
    assert!(spec.schedule.is_none_or(|s| s.after.is_empty()));
    assert!(spec.ingest.iter().any(|i| i.table.to_string() == "shop.orders"));
}

#[test]
fn the_clock_or_the_load_is_a_question() {
    let text = "Revenue per customer every day at 6, after orders is loaded";
    let mut world = loaded();
    let asked = world.questions(text);
    assert!(asked.contains("the clock") && asked.contains("the load"), "{asked}");
    for (answer, cron, after) in [("the clock", Some("0 6 * * *"), 0), ("the load", None, 1)] {
        world.answers.insert("start".into(), answer.into());
        let schedule = world.understood(text).spec.schedule.unwrap();
        assert_eq!((schedule.cron.as_deref(), schedule.after.len()), (cron, after), "{answer}");
    }
}
