//! Records by their tables: lists, views, history, search and the rebuild of the index, in a vault of few and of many records.
//!
//! The generic readings stand beside the typed reading of the same folds, the least that a list can cost.

use std::collections::BTreeMap;

use imena_core::field_store::{FieldStore, RecordQuery};
use imena_core::model::ids::SubjectId;
use imena_core::nouns::grave::{self, Grave};
use imena_core::record::{Draft, Of};
use imena_core::vocabulary::{GraveKind, Kind, Language};
use imena_tests::phone::{PASSCODE, Phone, config};
use imena_tests::records::add_site;

use crate::measure::{Cost, cost, median};

const RECORDS: [u64; 3] = [100, 1_000, 10_000];
/// Everything takes turns this often.
const ROUNDS: usize = 15;
/// Calls of one figure.
const CALLS: u32 = 20;
const PAGE: usize = 50;

/// Measures vaults of up to `most` records.
pub fn run(words: &[String]) {
    let most = words.first().and_then(|word| word.parse().ok());
    let sizes: Vec<u64> = RECORDS
        .into_iter()
        .filter(|size| *size <= most.unwrap_or(u64::MAX))
        .collect();
    let mut table: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for size in &sizes {
        let phone = Phone::new();
        let store = phone.join();
        let site = add_site(&store, "LYS1", "Forest edge");
        let graves: Vec<SubjectId> = (0..*size).map(|number| add(&store, site, number)).collect();
        for _ in 0..5 {
            let changes = Draft::<Grave>::new().with(grave::KIND, GraveKind::Trench);
            store.amend(graves[0], &changes.any()).unwrap();
        }
        let mut figures: BTreeMap<&'static str, Vec<Cost>> = BTreeMap::new();
        for _ in 0..ROUNDS {
            for (name, call) in calls() {
                let took = cost(|| (0..CALLS).for_each(|_| call(&store, site, graves[0])));
                figures.entry(name).or_default().push(took);
            }
        }
        for (name, costs) in &figures {
            let each = median(costs).cpu_ms * 1000.0 / f64::from(CALLS);
            table.entry(name).or_default().push(each);
        }
        let index = store.layout().index_db();
        store.shut_down().unwrap();
        std::fs::remove_file(index).unwrap();
        let environment = imena_core::environment::Environment::system(0);
        let store = FieldStore::open(config(&phone.vault(), &environment)).unwrap();
        let took = cost(|| drop(store.unlock(PASSCODE).unwrap()));
        let each = took.cpu_ms * 1000.0 / *size as f64;
        table
            .entry("index rebuilt, per record")
            .or_default()
            .push(each);
    }
    println!("µs of CPU per call{:>31}", "records");
    println!(
        "  {:<34}{}",
        "",
        row(&sizes.iter().map(|size| *size as f64).collect::<Vec<_>>())
    );
    for (name, figures) in &table {
        println!("  {name:<34}{}", row(figures));
    }
    let ratio = |name: &str, beside: &str| {
        let (one, other) = (table[name].last().unwrap(), table[beside].last().unwrap());
        println!("  {name} : {beside} = {:.2}", one / other);
    };
    ratio("page of 50 summaries", "page of 50, typed reading");
    ratio("page of 50 with all fields", "page of 50, typed reading");
}

type Call = fn(&FieldStore, SubjectId, SubjectId);

fn calls() -> [(&'static str, Call); 6] {
    [
        ("page of 50, typed reading", |store, site, _| {
            let read = |folded: &_| {
                Of::<Grave>::new(folded).map(|of| (of.get(grave::CODE), of.get(grave::KIND)))
            };
            let page = store.page(site, Kind::Grave, (None, PAGE), read);
            assert_eq!(page.unwrap().0.len(), PAGE);
        }),
        ("page of 50 summaries", |store, site, _| {
            page(store, site, &[])
        }),
        ("page of 50 with all fields", |store, site, _| {
            let all: Vec<_> = grave::NOUN.fields.iter().collect();
            page(store, site, &all);
        }),
        ("one record with all around it", |store, _, grave| {
            drop(store.record_page(grave, Language::Ukrainian).unwrap());
        }),
        ("its history", |store, _, grave| {
            drop(
                store
                    .history(grave, None, (None, PAGE), Language::Ukrainian)
                    .unwrap(),
            );
        }),
        ("search for a number", |store, _, _| {
            drop(
                store
                    .search("0042", SubjectId([0; 16]), PAGE, Language::Ukrainian)
                    .unwrap(),
            );
        }),
    ]
}

fn page(store: &FieldStore, site: SubjectId, fields: &[&'static imena_core::nouns::Spec]) {
    let query = RecordQuery {
        noun: &grave::NOUN,
        parent: site,
        fields,
        language: Language::Ukrainian,
    };
    let page = store.list_records(query, (None, PAGE)).unwrap();
    assert_eq!(page.0.len(), PAGE);
}

fn add(store: &FieldStore, site: SubjectId, number: u64) -> SubjectId {
    let kinds = GraveKind::ALL;
    let kind = kinds[(number % kinds.len() as u64) as usize].clone();
    let draft = Draft::new().with(grave::SITE, site).with(grave::KIND, kind);
    store.record(&draft.any()).unwrap().subject.id
}

fn row(figures: &[f64]) -> String {
    figures
        .iter()
        .map(|figure| format!("{figure:>12.1}"))
        .collect()
}
