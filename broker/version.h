// SPDX-License-Identifier: Apache-2.0
/* version.h -- what this broker calls itself.
 *
 * The number stands in the file VERSION alone, whence the Makefile takes it.
 */
#ifndef BROKER_VERSION_H
#define BROKER_VERSION_H

#define BROKER_VERSION "mqttspec-broker " MQTTSPEC_VERSION

#endif
