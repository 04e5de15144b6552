"""The statements that queue jobs, lease them, end their attempts and queue them again."""

ADD = (
    "INSERT INTO jobs (digest, sequence, state, priority, attempts, label, model, model_revision, task, "
    "data_revision, method, hparams, seed, train_size, reduction, noise, perturbation, recipe, spec, places, "
    "created) "
    "VALUES (:digest, :sequence, 'queued', :priority, 0, :label, :model, :model_revision, :task, "
    ":data_revision, :method, :hparams, :seed, :train_size, :reduction, :noise, :perturbation, :recipe, "
    ":spec, :places, :created) ON CONFLICT (digest) DO NOTHING"
)
REVIVE = (
    "UPDATE jobs SET state = 'queued', attempts = 0, priority = :priority, places = :places "
    "WHERE digest = :digest AND state = 'cancelled'"
)
MOVE = "UPDATE jobs SET places = :places WHERE digest = :digest AND state <> 'running' AND places <> :places"
RESTART = (
    # The attempt that a done job's scores are of is its last one that ended well.
    "INSERT INTO past_scores (digest, number, evaluation, metric, value) "
    "SELECT digest, (SELECT max(number) FROM attempts WHERE attempts.digest = scores.digest "
    "AND outcome = 'ok'), evaluation, metric, value FROM scores WHERE digest = :digest",
    "DELETE FROM scores WHERE digest = :digest",
    "DELETE FROM curves WHERE digest = :digest",
    "DELETE FROM predictions WHERE digest = :digest",
    "UPDATE jobs SET state = 'queued', attempts = 0, places = :places WHERE digest = :digest",
)

#: The number of a job's last attempt, 0 for none; what is no number of one does not count.
LAST = (
    "SELECT coalesce(max(CAST(CASE WHEN number BETWEEN 0 AND 1000000 THEN number END AS INTEGER)), 0) "
    "FROM attempts WHERE digest = :digest"
)

# Those below have a place for the database's clock, {clock}. A backend may put them into one statement.
QUEUED = "SELECT digest, spec, label, places FROM jobs WHERE state = 'queued' "
FIRST = "ORDER BY priority DESC, sequence LIMIT 1"
TAKE = (
    "UPDATE jobs SET state = 'running', attempts = attempts + 1, owner = :worker, token = :token, "
    "expires = {clock} + :lease"
)
OPEN = "INSERT INTO attempts (digest, number, worker, started, message, traceback)"
BEAT = "UPDATE jobs SET expires = {clock} + :lease WHERE digest = :digest AND token = :token"
END = (
    "UPDATE jobs SET state = :state, owner = NULL, token = NULL, expires = NULL "
    "WHERE digest = :digest AND token = :token"
)
CLOSE = (
    "UPDATE attempts SET outcome = :outcome, ended = {clock}, message = :message, traceback = :traceback "
    "WHERE digest = :digest AND number = :number"
)
#: What an attempt leaves behind: table -> its columns, besides the job's digest.
LEFT = {
    "scores": ("evaluation", "metric", "value"),
    "curves": ("run", "name", "step", "value"),
    "predictions": ("run", "evaluation", "rows", "outputs", "logits"),
}
FACTS = "INSERT INTO provenance (digest, number, facts)"
LINK = "INSERT INTO chain (strand, sequence, kind, subject, content, ends, time, digest)"
