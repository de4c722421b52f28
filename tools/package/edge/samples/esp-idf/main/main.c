// SPDX-License-Identifier: Apache-2.0
int predict(void);

void app_main(void) { predict(); }
