//! Answers to questions.

use super::{Intent, World};

fn with(answers: &[(&str, &str)]) -> World {
    let answers = answers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    World { answers, ..World::shop() }
}

fn asked(world: &World, text: &str) -> Vec<super::super::Question> {
    match world.read(text) {
        Ok(Intent::Questions(questions)) => questions,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn an_answer_goes_on_from_the_question() {
    let question = asked(&World::shop(), "Daily summary of invoices").remove(0);
    assert_eq!(question.key, "table.invoices");
    assert_eq!(question.words, "invoices");
    let number = question.candidates.iter().position(|c| c == "orders").unwrap() + 1;
    for value in ["orders", "ORDERS", &number.to_string()] {
        let spec = with(&[("table.invoices", value)]).understood("Daily summary of invoices").spec;
        assert_eq!(spec.models.last().unwrap().from.to_string(), "stg_shop__orders");
        assert_eq!(spec.answers.len(), 1);
        assert_eq!((spec.answers[0].key.as_str(), spec.answers[0].value.as_str()), ("table.invoices", "orders"));
        assert_eq!(spec.requirement.as_deref(), Some("Daily summary of invoices"));
    }
}

#[test]
fn what_is_left_out_on_an_answer_changes_nothing() {
    let plain = World::shop().understood("Daily revenue of customers").spec.models;
    let without = with(&[("loyal", "1")]).understood("Daily revenue of loyal customers").spec;
    assert_eq!(without.models, plain);
    assert_eq!(without.answers[0].value, "the same requirement without `loyal`");
}

#[test]
fn a_value_is_read_as_the_one_that_was_chosen() {
    let question = asked(&World::shop(), "Only archived orders per day").remove(0);
    assert!(question.candidates.contains(&"orders.status = cancelled".to_owned()), "{question:?}");
    let world = with(&[(&question.key, "orders.status = cancelled")]);
    let spec = world.understood("Only archived orders per day").spec;
    assert_eq!(spec.models.last().unwrap().filters, ["status = 'cancelled'"]);
}

#[test]
fn several_questions_in_a_row() {
    let text = "Daily summary of invoices of loyal customers";
    let mut answers: Vec<(String, String)> = Vec::new();
    for _ in 0..4 {
        let given: Vec<(&str, &str)> = answers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let world = with(&given);
        match world.read(text).unwrap() {
            Intent::Understood(u) => {
                assert_eq!(u.spec.answers.len(), answers.len());
                assert!(answers.len() > 1, "{answers:?}");
                return;
            }
            Intent::Questions(questions) => {
                let question = &questions[0];
                let orders = question.candidates.iter().find(|c| *c == "orders").unwrap_or(&question.candidates[0]);
                answers.push((question.key.clone(), orders.clone()));
            }
        }
    }
    panic!("no end of questions: {answers:?}");
}

#[test]
fn a_formula_of_ones_own() {
    let text = "Gross margin per category, only completed orders";
    let question = asked(&World::shop(), text).remove(0);
    assert!(question.candidates[0].contains('…'), "{question:?}");
    let said = "unit price minus cost times quantity";
    let spec = with(&[(&question.key, said)]).understood(text).spec;
    let (_, expr) = spec.models.last().unwrap().measures[0].function().unwrap();
    assert!(expr.contains("unit_price - "), "{expr}");
    assert_eq!(spec.answers[0].value, said);
}

#[test]
fn wrong_answers_are_faults_with_the_nearest() {
    let fault = |key: &str, value: &str, text: &str| with(&[(key, value)]).read(text).unwrap_err();
    let wrong = fault("table.invoices", "ordrs", "Daily summary of invoices");
    assert!(wrong.contains("unknown-answer") && wrong.contains("table.invoices=orders"), "{wrong}");
    let unknown = fault("table.invoice", "orders", "Daily summary of invoices");
    assert!(unknown.contains("unknown-question") && unknown.contains("table.invoices=orders"), "{unknown}");
    let needless = fault("x", "y", "Daily revenue");
    assert!(needless.contains("without a question"), "{needless}");
    for value in ["0", "999", "'; drop table orders", "\u{202e}", "{{ x }}", "🚲"] {
        assert!(fault("table.invoices", value, "Daily summary of invoices").contains("unknown-answer"), "{value}");
    }
}

#[test]
fn answers_are_kept_and_can_be_taken_back() {
    let text = "Daily summary of invoices";
    let first = with(&[("table.invoices", "orders")]).understood(text).spec;
    let mut world = World::shop();
    world.keep(first.clone());
    assert_eq!(world.understood(text).spec, first);
    world.answers = [("table.invoices".to_owned(), "payments".to_owned())].into();
    let other = world.understood(text).spec;
    assert_eq!(other.models.last().unwrap().from.to_string(), "stg_shop__payments");
    world.answers = [("x".to_owned(), "payments".to_owned())].into();
    assert!(world.read(text).unwrap_err().contains("unknown-question"));
}
