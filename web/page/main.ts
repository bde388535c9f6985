/** Starts the page: makes the views and connects them. */

import { AnswerView } from "./answer";
import { App } from "./app";
import { recall, remember } from "./choice";
import { connectDiagnostics } from "./diagnostics";
import { byId } from "./dom";
import { Intake } from "./intake";
import { Keyboard } from "./keyboard";
import { loadKnown } from "./known";
import { Legend } from "./legend";
import { ModelPanel } from "./models/panel";
import { Offline } from "./offline";
import { PhotographNotice } from "./photograph";
import { Pointer } from "./pointer";
import { ProgressView } from "./progress";
import { choiceFromAddress, Runtime } from "./runtime";
import { Samples } from "./samples";
import { Toolbar } from "./toolbar";
import { UpdateView } from "./update";
import { Viewport } from "./viewport";
import { size } from "./words";

function connectQuestion(app: App): void {
  const form = byId("ask-form", HTMLFormElement);
  const question = byId("question", HTMLTextAreaElement);
  const button = byId("ask", HTMLButtonElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (app.busy) app.stop();
    else void app.ask(question.value);
  });
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!app.busy) form.requestSubmit();
  });
  const draft = () => {
    question.dataset.draft = "yes";
  };
  question.addEventListener("input", draft);
  // Browsers bring back what was being written before a reload.
  if (question.value !== "") draft();
  app.onChange(() => {
    if (app.busy === "ask") delete question.dataset.draft;
    button.textContent = app.busy ? "Stop" : "Ask";
    button.classList.toggle("stop", app.busy !== null);
  });
}

function connectDevice(app: App): void {
  const name = byId("device-name", HTMLElement);
  const reason = byId("device-reason", HTMLElement);
  const initial = { name: name.textContent, reason: reason.textContent };
  app.onChange(() => {
    const { device } = app.runtime;
    name.textContent = device ? `Runs on ${device.device === "gpu" ? "GPU" : "CPU"}` : initial.name;
    const adapter = device?.adapter ? ` Adapter: ${device.adapter}.` : "";
    reason.textContent = device ? `${device.reason}${adapter}` : initial.reason;
  });
}

function connectLiveRegion(app: App): void {
  const live = byId("live", HTMLElement);
  app.onAnnounce = (text) => {
    live.textContent = text;
  };
}

/** Says how large the model is before anything large is fetched. */
async function tellModelSize(): Promise<void> {
  const response = await fetch(new URL("models/nano/manifest.json", document.baseURI));
  if (!response.ok) return;
  const { files }: { files: { bytes: number }[] } = await response.json();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const text = `The model, ${size(bytes)}, comes from this site with the first question.`;
  byId("model-size", HTMLElement).textContent = text;
}

/** Once an answer was given, the next one needs no network. */
function connectOffline(app: App, offline: Offline): void {
  new UpdateView(app, offline);
  app.onChange(() => {
    if (app.busy !== null || app.runtime.loaded === null) return;
    const embedded = app.runtime.choice.source.kind === "embedded";
    void offline.keep(embedded ? ["program", "model"] : ["program"]);
  });
  const prepare = () => {
    const here = offline.kept.includes("program") && offline.kept.includes("model");
    const embedded = app.runtime.choice.source.kind === "embedded";
    // Takes seconds in some browsers, and no network any more.
    if (embedded && here) whenIdle(() => app.prepare());
  };
  // Where there is none, in private windows for one, the page works all the same.
  offline.start().then(prepare, console.warn);
}

/** Safari has no such callback. */
function whenIdle(job: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(job);
  else setTimeout(job, 200);
}

const remembered = recall();
const forced = choiceFromAddress(location.search);
const offline = new Offline();
const choice = { ...remembered.model, ...(forced && { device: forced }) };
const app = new App(new Runtime(choice, offline.settled));
app.set({ mode: remembered.view });
app.onChange(() => {
  if (recall().view !== app.mode) remember({ view: app.mode });
});

const viewport = new Viewport(app);
new Toolbar(app, viewport);
new Pointer(app, viewport);
new Keyboard(app, viewport);
new ProgressView(app);
new AnswerView(app);
new Legend(app);
new Intake(app);
connectQuestion(app);
connectDevice(app);
connectLiveRegion(app);
const models = new ModelPanel(app, offline);
// How a class comes to the model that lies beside the page: `?model=./sa2va-1b`.
const offered = new URLSearchParams(location.search).get("model");
if (offered !== null) models.offer(offered);
new PhotographNotice(app, () => models.offerCheckpoints());
connectOffline(app, offline);
connectDiagnostics(app, () => offline.kept);
// Without any of these the page still works on people's own pictures.
new Samples(app).load().catch(console.error);
loadKnown().catch(console.error);
tellModelSize().catch(console.error);
