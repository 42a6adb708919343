/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of loading: catalogue, policy (which names services), sources of location, image. */
#include "config/load.h"

#include <errno.h>

#include "config/file.h"
#include "config/schema.h"

#ifndef KEYFENCE_DATA_DIR
#define KEYFENCE_DATA_DIR "/usr/share/keyfence"
#endif

/* Every element of these sections begins with its name. */
static struct book_text row_name(struct load *l, enum book_section_id id, size_t row)
{
	struct book_text name;
	memcpy(&name, book_row(l->writer, id, row), sizeof name);
	return name;
}

bool load_find(struct load *l, enum book_section_id id, struct span name, size_t *ret_row)
{
	struct book_text want = book_write_text(l->writer, name); /* equal texts share bytes */
	for (size_t i = 0; name.len > 0 && i < book_written(l->writer, id); i++) {
		struct book_text is = row_name(l, id, i);
		if (is.at == want.at && is.bytes == want.bytes) {
			*ret_row = i;
			return true;
		}
	}
	return false;
}

struct span load_nearest(struct load *l, enum book_section_id id, struct span name)
{
	struct nearest near = nearest_to(name);
	bool told = config_mistakes(l->report) < CONFIG_MISTAKES; /* more are only counted */
	for (size_t i = 0; told && i < book_written(l->writer, id); i++)
		nearest_try(&near, book_written_text(l->writer, row_name(l, id, i)));
	return near.best;
}

/* As asked for, else beside the policy, else as installed. */
static const char *directory_of(struct load *l, const char *asked, const char *name)
{
	if (asked != NULL)
		return asked;
	if (l->q->policy != NULL) {
		const char *beside = path_beside(&l->arena, l->q->policy, span_text(name));
		if (path_is_directory(beside))
			return beside;
	}
	return path_join(&l->arena, KEYFENCE_DATA_DIR, name);
}

/* The tree of the policy; NULL: told. -EIO where it could not be read. */
static int policy_read(struct load *l, const struct node **ret)
{
	struct span bytes;
	struct where whole = { l->q->policy, 0, 0 };
	int r = file_read(&l->arena, l->q->policy, CONFIG_POLICY_BYTES, &bytes, NULL);
	if (r == -ENOMEM)
		return r;
	if (r == -EFBIG) {
		report_mistake(l->report, whole,
			       "the policy is larger than %d MB; a smaller one would be right",
			       CONFIG_POLICY_BYTES >> 20);
		return 0;
	}
	if (r < 0) {
		report_mistake(l->report, whole, "the policy cannot be read: %s", file_error(r));
		return -EIO;
	}
	*ret = node_parse(&l->arena, l->report, l->q->policy, bytes);
	return 0;
}

static int load_all(struct load *l)
{
	const struct node *policy = NULL;
	int r = 0;
	if (l->q->policy != NULL) {
		report_file(l->report, l->q->policy);
		r = policy_read(l, &policy);
		if (r < 0)
			return r;
		if (policy == NULL)
			return l->arena.failed ? -ENOMEM : -EINVAL;
	}
	l->tables = directory_of(l, l->q->tables, "tables");
	catalogue_load(l, directory_of(l, l->q->catalogue, "services.d"));
	regions_builtin(l);
	if (policy != NULL)
		policy_load(l, policy);
	else
		geo_load(l, NULL);
	if (l->arena.failed)
		return -ENOMEM;
	if (l->input_unread)
		return -EIO;
	if (l->input_bad)
		return -EBADMSG;
	return config_mistakes(l->report) > 0 ? -EINVAL : 0;
}

int config_load(const struct config_request *q, struct config_report *r, uint8_t **ret_image,
		size_t *ret_bytes)
{
	struct load l = { .q = q, .report = r, .writer = book_writer_new() };
	int result = l.writer != NULL ? load_all(&l) : -ENOMEM;
	if (result == 0)
		result = book_writer_image(l.writer, q->generation != 0 ? q->generation : 1, ret_image, ret_bytes);
	book_writer_free(l.writer);
	arena_done(&l.arena);
	return result;
}
