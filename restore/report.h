/* report.h - say what a restore made. */
#ifndef RESTORE_REPORT_H
#define RESTORE_REPORT_H

#include "data_dir.h"

void report_text(const struct data_dir_options *o,
                 const struct data_dir_report *r, struct buf *b);
void report_json(const struct data_dir_options *o,
                 const struct data_dir_report *r, struct buf *b);

#endif
