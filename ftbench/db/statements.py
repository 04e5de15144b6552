"""The statements that queue jobs, move them and queue them again."""

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
