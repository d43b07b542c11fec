// SPDX-License-Identifier: Apache-2.0
/* sys.h -- $SYS: the counters that monitoring reads. */
#ifndef BROKER_SYS_H
#define BROKER_SYS_H

#include "broker.h"

/* sys_publish publishes the counters as retained messages when their time has
 * come (sys_interval_s of the configuration; 0: never).
 */
void sys_publish(struct broker *b);

#endif
