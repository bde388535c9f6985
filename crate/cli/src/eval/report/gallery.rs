//! The worst answers as a page: picture, masks, question and answer.
//!
//! One HTML file without scripts, beside it pictures as they are and masks as black and white
//! PNG. All text comes from data sets and models, so all of it is escaped.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use askmask_core::Mask;
use askmask_eval::datasets::{Picture, Question};
use askmask_eval::file;

use super::results::{Report, names};
use super::table;
use crate::eval::rows::Row;
use crate::fault::Fault;

const STYLE: &str = include_str!("gallery.css");
/// Longest outline that is drawn, in bytes; the mask's file shows the others.
const MAX_OUTLINE: usize = 1 << 18;

/// Writes index.html, pictures and masks of the `worst` answers into `folder`.
pub fn write_page(report: &Report, folder: &Path, worst: usize) -> Result<(), Fault> {
    for part in ["pictures", "masks"] {
        let part = folder.join(part);
        fs::create_dir_all(&part)
            .and_then(|()| remove_numbered(&part))
            .map_err(|cause| Fault::file(&part, cause))?;
    }
    let mut known = HashMap::new();
    for picture in &report.data.pictures {
        for question in &picture.questions {
            known.insert(question.id.as_str(), (picture, question));
        }
    }
    let families = names(report.rows, |row| &row.family);
    let each = worst.div_ceil(families.len().max(1));
    let mut page = Page {
        folder,
        html: String::new(),
        pictures: HashMap::new(),
        cards: 0,
    };
    page.head(report, &families, each);
    for (number, family) in families.iter().enumerate() {
        let rows = worst_of(report.rows, family, each);
        let _ = write!(
            page.html,
            "<section><h2 id=\"family-{number}\">{}</h2><div class=\"cards\">",
            escape(family)
        );
        for row in rows {
            if let Some((picture, question)) = known.get(row.id.as_str()) {
                page.card(row, picture, question)?;
            }
        }
        page.html += "</div></section>";
    }
    page.html += "</main></body></html>\n";
    Ok(file::write(
        &folder.join("index.html"),
        page.html.as_bytes(),
    )?)
}

/// The worst first; of equally bad ones, that with the largest mistake.
fn worst_of<'a>(rows: &'a [Row], family: &str, count: usize) -> Vec<&'a Row> {
    let mut rows: Vec<&Row> = rows.iter().filter(|row| row.family == family).collect();
    let mistake = |row: &Row| {
        let overlap = row.measured.overlap();
        overlap.union.saturating_sub(overlap.intersection)
    };
    rows.sort_by(|a, b| {
        let by_score = a.score().total_cmp(&b.score());
        by_score.then_with(|| mistake(b).cmp(&mistake(a)))
    });
    rows.truncate(count);
    rows
}

struct Page<'a> {
    folder: &'a Path,
    html: String,
    /// Files of the pictures that are there already, by name.
    pictures: HashMap<String, String>,
    cards: usize,
}

impl Page<'_> {
    fn head(&mut self, report: &Report, families: &[&str], each: usize) {
        let provenance = &report.provenance;
        let title = format!("{} on {}", provenance.model.name, provenance.data.name);
        let title = escape(&title);
        self.html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             img-src 'self' file:; style-src 'unsafe-inline'\">\
             <title>{title}</title><style>{STYLE}</style></head><body><main><header>\
             <h1>{title}</h1><p>{} questions, the worst {each} of each family first. \
             The model saw: {}. It answered freely, with greedy decoding.</p>\
             <p class=\"legend\"><span class=\"found\">the model's mask</span> \
             <span class=\"true\">the true mask</span></p><nav aria-label=\"Families\">",
            report.rows.len(),
            escape(&provenance.settings.picture),
        );
        for (number, family) in families.iter().enumerate() {
            let _ = write!(
                self.html,
                "<a href=\"#family-{number}\">{}</a>",
                escape(family)
            );
        }
        self.html += "</nav><details><summary>All figures, with 95% intervals</summary>\
                      <div class=\"scroll\" tabindex=\"0\"><table>";
        for (number, line) in table::cells(&report.groups, report.convention)
            .iter()
            .enumerate()
        {
            let tag = if number == 0 { "th" } else { "td" };
            self.html += "<tr>";
            for cell in line {
                let _ = write!(self.html, "<{tag}>{}</{tag}>", escape(cell));
            }
            self.html += "</tr>";
        }
        let _ = write!(
            self.html,
            "</table></div><p>Model {}<br>Data {}</p></details></header>",
            provenance.model.sha256, provenance.data.sha256
        );
    }

    fn card(&mut self, row: &Row, picture: &Picture, question: &Question) -> Result<(), Fault> {
        self.cards += 1;
        let found = row.mask.decode();
        let Some(file) = self.picture(picture)? else {
            return Ok(());
        };
        let truth = question
            .target
            .truth(found.size)
            .ok()
            .map(|truth| truth.mask);
        let masks = [("found", Some(&found)), ("true", truth.as_ref())];
        let (width, height) = (found.size.width, found.size.height);
        let _ = write!(
            self.html,
            "<article><div class=\"picture\"><img src=\"{file}\" alt=\"{}\" width=\"{width}\" \
             height=\"{height}\" loading=\"lazy\"><svg viewBox=\"0 0 {width} {height}\" \
             preserveAspectRatio=\"none\" aria-hidden=\"true\">",
            escape(&row.picture)
        );
        let mut links = String::new();
        for (class, mask) in masks {
            let Some(mask) = mask.filter(|mask| mask.area() > 0) else {
                continue;
            };
            self.html += &outline(class, mask);
            let name = format!("masks/{:04}-{class}.png", self.cards);
            file::write(&self.folder.join(&name), &mask.to_png()?)?;
            let _ = write!(links, " <a href=\"{name}\">{class} mask</a>");
        }
        let measure = if row.measured.targeted {
            "IoU"
        } else {
            "right"
        };
        let _ = write!(
            self.html,
            "</svg></div><h3>{}</h3><p class=\"answer\">{}</p>",
            escape(&row.question),
            escape(if row.answer.trim().is_empty() {
                "(no words)"
            } else {
                &row.answer
            })
        );
        if let Some(expected) = question.target.answer() {
            let _ = write!(self.html, "<p class=\"expected\">{}</p>", escape(expected));
        }
        let _ = write!(
            self.html,
            "<p class=\"facts\"><b>{measure} {:.2}</b> {}, {}{links}</p></article>",
            row.score(),
            escape(&row.split),
            escape(&row.id)
        );
        Ok(())
    }

    /// Copies a picture, once; its address, or `None` when it has gone.
    fn picture(&mut self, picture: &Picture) -> Result<Option<String>, Fault> {
        if let Some(file) = self.pictures.get(&picture.name) {
            return Ok(Some(file.clone()));
        }
        let Ok(bytes) = file::read(&picture.path) else {
            return Ok(None);
        };
        let extension = match bytes.as_slice() {
            [0x89, b'P', ..] => "png",
            [0xff, 0xd8, ..] => "jpg",
            _ => "webp",
        };
        let file = format!("pictures/{:04}.{extension}", self.pictures.len());
        file::write(&self.folder.join(&file), &bytes)?;
        self.pictures.insert(picture.name.clone(), file.clone());
        Ok(Some(file))
    }
}

/// Removes the files of an earlier gallery, whose numbers may have been those of other answers.
fn remove_numbered(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        let digits = name.as_encoded_bytes().iter();
        if digits.take_while(|byte| byte.is_ascii_digit()).count() >= 4 && path.is_file() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A line along the mask's border, on a dark one so that it shows on every ground.
fn outline(class: &str, mask: &Mask) -> String {
    let path = mask.to_svg_path();
    if path.len() > MAX_OUTLINE {
        return String::new();
    }
    format!("<path class=\"under\" d=\"{path}\"/><path class=\"{class}\" d=\"{path}\"/>")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<img src=x onerror='a\"&'>\u{0}\n"),
            "&lt;img src=x onerror=&#39;a&quot;&amp;&#39;&gt;  "
        );
    }
}
